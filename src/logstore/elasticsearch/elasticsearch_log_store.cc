#include "logstore/elasticsearch/elasticsearch_log_store.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

#include "base/log.h"
#include "codec/json_member.h"
#include "logstore/elasticsearch/impl/bulk_write.h"
#include "logstore/elasticsearch/impl/cluster.h"
#include "logstore/elasticsearch/impl/contents.h"
#include "logstore/elasticsearch/impl/index.h"
#include "logstore/elasticsearch/impl/key_scan.h"
#include "logstore/elasticsearch/impl/left_out.h"
#include "logstore/elasticsearch/impl/rewrite.h"
#include "logstore/impl/cursor.h"
#include "net/url.h"
#include "record/provenance_names.h"

namespace fw::logstore {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostRecordsAPage = 10'000;
constexpr std::size_t kMostKeysAPage = 100'000;
constexpr std::size_t kMostBytesAPage = std::size_t{64} << 20;
constexpr std::size_t kBuckets = 1000;       // of one page of an aggregation
constexpr std::size_t kPairs = 200;          // the same, with four documents of each
constexpr std::size_t kKeysAtOnce = 10'000;  // of a removal
constexpr Duration kLook = std::chrono::milliseconds(200);

Status check_limit(std::size_t limit, std::size_t most) {
  if (limit >= 1 && limit <= most) return {};
  return invalid_argument("a page of a scan has 1 to " + std::to_string(most) + " records");
}

Status check_batch(std::span<const record::Interaction> batch) {
  for (const record::Interaction& record : batch) {
    if (record.id->empty()) return invalid_argument("a record's id is empty");
    if (record.workload->empty()) return invalid_argument("the workload id of the record " + *record.id + " is empty");
    if (record.client->empty()) return invalid_argument("the client id of the record " + *record.id + " is empty");
  }
  return {};
}

/// A composite source; documents without the field are a bucket of their own where `missing`.
Json source(const char* name, const std::string& field, bool missing) {
  Json terms{{"field", field}};
  if (missing) terms["missing_bucket"] = true;
  return Json{{name, {{"terms", std::move(terms)}}}};
}

Error part_of_the_shards() { return unavailable("Elasticsearch counted a part of the shards alone"); }

/// The last batch that was added: that one's last record, and how many there were.
struct Appended {
  record::RecordId id;
  std::size_t records = 0;
};

class ElasticsearchLogStore final : public LogStore {
 public:
  ElasticsearchLogStore(const ElasticsearchOptions& options, std::shared_ptr<const Documents> documents)
      : documents_(std::move(documents)), cluster_(options), index_(cluster_, options.index), keys_(cluster_, index_) {}

  Result<AppendReport> append(std::span<const record::Interaction> batch) override {
    FW_TRY(check_batch(batch));
    if (batch.empty()) return AppendReport{};
    auto report = bulk_create(cluster_, index_, *documents_, batch);
    note(report.ok() ? Status() : Status(report.error()));
    changed();
    if (report.ok()) note_last(Appended{.id = batch.back().id, .records = batch.size()});
    return report;
  }

  Result<Page> scan(const Selection& selection, Order order, std::size_t limit,
                    const std::optional<Cursor>& after) override {
    FW_TRY(check_limit(limit, kMostRecordsAPage));
    FW_ASSIGN(auto found, read_keys(selection, order, limit, after));
    Page page;
    FW_ASSIGN(auto contents, read_contents(cluster_, *documents_, found.keys, kMostBytesAPage));
    page.records = std::move(contents.records);
    if (found.more || contents.asked < found.keys.size()) {
      page.next = cursor_at(selection, order, found.keys[contents.asked - 1].key);
    }
    return page;
  }

  Result<KeyPage> scan_keys(const Selection& selection, Order order, std::size_t limit,
                            const std::optional<Cursor>& after) override {
    FW_TRY(check_limit(limit, kMostKeysAPage));
    FW_ASSIGN(auto found, read_keys(selection, order, limit, after));
    KeyPage page;
    for (FoundKey& key : found.keys) page.keys.push_back(std::move(key.key));
    if (found.more) page.next = cursor_at(selection, order, page.keys.back());
    return page;
  }

  Result<std::optional<record::Interaction>> find(const record::RecordId& id) override {
    FW_ASSIGN(auto found, find_batch(std::span(&id, 1)));
    return std::move(found.front());
  }

  Result<std::vector<std::optional<record::Interaction>>> find_batch(std::span<const record::RecordId> ids) override {
    FW_TRY(check_batch_of_ids(ids));
    FW_TRY(refresh());
    FW_ASSIGN(const auto keys, keys_in_order(ids));
    FW_ASSIGN(const auto contents, read_contents(cluster_, *documents_, keys, kMostBytesAPage));
    std::unordered_map<record::RecordId, const record::Interaction*> by_id;
    for (const record::Interaction& record : contents.records) by_id.emplace(record.id, &record);
    std::unordered_set<record::RecordId> unread;
    for (std::size_t i = contents.asked; i < keys.size(); ++i) unread.insert(keys[i].key.id);
    std::vector<std::optional<record::Interaction>> records;
    for (const record::RecordId& id : ids) {
      if (unread.contains(id)) break;
      const auto found = by_id.find(id);
      records.push_back(found == by_id.end() ? std::nullopt : std::optional(*found->second));
    }
    return records;
  }

  Result<std::vector<WorkloadSummary>> workloads() override {
    FW_TRY(refresh());
    FW_ASSIGN(const IndexForm form, index_.form());
    const Json sources =
        Json::array({source("workload", form.fields.workload, false), source("client", form.fields.client, false)});
    std::vector<WorkloadSummary> all;
    const auto add_summary = [&](const Json& bucket) -> Status {
      if (auto summary = summary_of(bucket, form)) all.push_back(std::move(*summary));
      return {};
    };
    FW_TRY(for_each_bucket(form, sources, kPairs, ends_by_unit(form), add_summary));
    std::ranges::sort(all, {}, [](const WorkloadSummary& s) { return std::tie(s.workload, s.client); });
    return all;
  }

  Result<std::vector<RecordCount>> counts() override {
    FW_TRY(refresh());
    FW_ASSIGN(const IndexForm form, index_.form());
    const Json sources =
        Json::array({source("workload", form.fields.workload, false), source("client", form.fields.client, false),
                     source("origin", "flywheel.origin", true), source("ending", "flywheel.ending", true)});
    std::vector<RecordCount> all;
    FW_TRY(for_each_bucket(form, sources, kBuckets, Json::object(), [&](const Json& bucket) -> Status {
      const Json& key = codec::member_of(bucket, "key");
      auto workload = record::WorkloadId::parse(codec::text_at(key, "workload"));
      auto client = record::ClientId::parse(codec::text_at(key, "client"));
      if (!workload.ok() || !client.ok()) return {};
      add(all, {.workload = std::move(workload).value(),
                .client = std::move(client).value(),
                .origin = record::parse_origin(codec::text_at(key, "origin")).value_or(record::Origin::kFile),
                .ending = record::parse_ending(codec::text_at(key, "ending")).value_or(record::Ending::kFinished),
                .records = codec::count_at(bucket, "doc_count")});
      return {};
    }));
    std::ranges::sort(all, {}, [](const RecordCount& c) { return std::tie(c.workload, c.client, c.origin, c.ending); });
    return all;
  }

  /// Where the index may not be refreshed by us, what was added last is looked for until a search finds it.
  Backlog settle(const Selection&, const Deadline& deadline) override {
    if (!refresh().ok() || !is_refresh_refused_) return {};
    const auto last = last_appended();
    if (!last) return {};
    while (true) {
      const auto found = keys_.with_ids({*last->id});
      if (!found.ok()) return {};
      if (!found->empty()) break;
      if (deadline.is_over()) return not_yet_seen(*last);
      if (!cluster_.pause(kLook)) return {};
    }
    note_last(std::nullopt);
    return {};
  }

  Result<std::map<std::string, std::uint64_t>> left_out(const Selection& selection) override {
    FW_TRY(refresh());
    FW_ASSIGN(const IndexForm form, index_.form());
    const Json ask = count_left_out(selection, form);
    FW_ASSIGN(const Json answer, cluster_.json(net::Method::kPost, index_.path("_search"), ask.dump()));
    if (codec::count_at(codec::member_of(answer, "_shards"), "failed") != 0) return part_of_the_shards();
    return left_out_in(answer);
  }

  Result<std::uint64_t> remove(const Selection& selection) override {
    std::uint64_t removed = 0;
    while (true) {
      FW_ASSIGN(const auto found, read_keys(selection, Order::kOldestFirst, kKeysAtOnce, {}));
      FW_ASSIGN(const std::uint64_t now, bulk_delete(cluster_, found.keys));
      removed += now;
      changed();
      if (!found.more || now == 0) return removed;
    }
  }

  Result<std::uint64_t> remove_records(std::span<const record::RecordId> ids) override {
    FW_TRY(refresh());
    std::vector<std::string> texts;
    for (const auto& id : ids) texts.push_back(*id);
    FW_ASSIGN(const auto found, keys_.with_ids(std::move(texts)));
    auto removed = bulk_delete(cluster_, found);
    changed();
    return removed;
  }

  Result<std::uint64_t> relabel(std::span<const record::RecordId> ids, const record::WorkloadId& workload) override {
    FW_TRY(check_batch_of_ids(ids));
    if (workload->empty()) return invalid_argument("a record's workload id is empty");
    FW_TRY(refresh());
    FW_ASSIGN(auto keys, keys_in_order(ids));
    std::erase_if(keys, [&](const FoundKey& found) { return found.key.workload == workload; });
    auto moved = bulk_relabel(cluster_, keys, workload);
    changed();
    return moved;
  }

  Result<std::uint64_t> expire_contents(std::span<const record::Interaction> outlined) override {
    FW_TRY(check_outlined(outlined));
    FW_ASSIGN(const IndexForm form, index_.form());
    if (!form.is_one || form.fields.timestamp != "timestamp") {
      return failed_precondition(
          "contents in " + index_.name() +
          " cannot be taken: it is several indexes, its mapping may not be changed, or its times "
          "are not under timestamp; leave log_store.retention.content_days out");
    }
    FW_TRY(refresh());
    std::unordered_map<record::RecordId, const record::Interaction*> by_id;
    std::vector<record::RecordId> ids;
    for (const record::Interaction& record : outlined) {
      if (by_id.try_emplace(record.id, &record).second) ids.push_back(record.id);
    }
    FW_ASSIGN(auto keys, keys_in_order(ids));
    std::erase_if(keys, [&](const FoundKey& found) {
      const record::Interaction& record = *by_id.at(found.key.id);
      return found.key.workload != record.workload || found.key.client != record.client ||
             found.key.timestamp != record.timestamp;
    });
    auto expired = bulk_expire(cluster_, keys, *documents_, [&](const FoundKey& found) {
      return documents_->write(*by_id.at(found.key.id), form.written, false);
    });
    changed();
    return expired;
  }

  Status backup(const std::filesystem::path&) override {
    return unimplemented("the records lie in Elasticsearch: back them up with its snapshots");
  }

  void stop() override { cluster_.stop(); }

  Status health() const override {
    const std::lock_guard lock(mutex_);
    return health_;
  }

 private:
  Result<KeyScan::Found> read_keys(const Selection& selection, Order order, std::size_t limit,
                                   const std::optional<Cursor>& after) {
    std::optional<RecordKey> last;
    if (after) {
      FW_ASSIGN(Position position, parse_cursor(*after, selection, order));
      last = RecordKey{.id = std::move(position.id), .workload = {}, .client = {}, .timestamp = position.time};
    }
    FW_TRY(refresh());
    return keys_.read(selection, order, limit, last);
  }

  /// The keys of those that are there, each once, in the order of the ids.
  Result<std::vector<FoundKey>> keys_in_order(std::span<const record::RecordId> ids) {
    std::unordered_map<record::RecordId, std::size_t> places;
    std::vector<std::string> texts;
    for (const record::RecordId& id : ids) {
      if (places.try_emplace(id, places.size()).second) texts.push_back(*id);
    }
    FW_ASSIGN(auto keys, keys_.with_ids(std::move(texts)));
    const auto place_of = [&](const FoundKey& found) { return places.at(found.key.id); };
    std::ranges::stable_sort(keys, {}, place_of);
    // Shards of one index hold an id twice where others route documents.
    const auto again = std::ranges::unique(keys, {}, place_of);
    keys.erase(again.begin(), again.end());
    return keys;
  }

  static Cursor cursor_at(const Selection& selection, Order order, const RecordKey& key) {
    return make_cursor(selection, order, {.time = key.timestamp, .id = key.id});
  }

  /// Makes what was written here visible, when somebody wants to read and not before: each costs the cluster a segment.
  Status refresh() {
    if (!is_stale_.exchange(false)) return {};
    const auto answer = cluster_.call(net::Method::kPost, index_.path("_refresh"));
    if (answer.ok()) is_refresh_refused_ = answer->status == 403;
    if (answer.ok() && (answer->is_success() || answer->status == 403 || answer->status == 404)) return {};
    is_stale_ = true;
    return answer.ok() ? Cluster::error_of(*answer) : answer.error();
  }

  void changed() {
    is_stale_ = true;
    keys_.forget_times();
    note_last(std::nullopt);
  }

  void note(Status status) {
    const std::lock_guard lock(mutex_);
    health_ = std::move(status);
  }

  void note_last(std::optional<Appended> last) {
    const std::lock_guard lock(mutex_);
    last_ = std::move(last);
  }
  std::optional<Appended> last_appended() const {
    const std::lock_guard lock(mutex_);
    return last_;
  }

  Backlog not_yet_seen(const Appended& last) const {
    Backlog lacking;
    lacking.records = last.records;
    lacking.trouble =
        unavailable("searches do not see them before the refresh interval of " + index_.name() + " is over");
    return lacking;
  }

  /// All buckets of a composite aggregation over the documents that have a time, `size` of them in an answer, with what
  /// `within` aggregates in each.
  Status for_each_bucket(const IndexForm& form, const Json& sources, std::size_t size, const Json& within,
                         const std::function<Status(const Json&)>& visit) {
    Json composite{{"size", size}, {"sources", sources}};
    while (true) {
      Json pairs{{"composite", composite}};
      if (!within.empty()) pairs["aggs"] = within;
      const Json ask{{"size", 0},
                     {"query", {{"exists", {{"field", form.fields.timestamp}}}}},
                     {"aggs", {{"pairs", std::move(pairs)}}}};
      FW_ASSIGN(const Json answer, cluster_.json(net::Method::kPost, index_.path("_search"), ask.dump()));
      if (codec::count_at(codec::member_of(answer, "_shards"), "failed") != 0) return part_of_the_shards();
      const Json& found = codec::member_of(codec::member_of(answer, "aggregations"), "pairs");
      const Json& buckets = codec::list_at(found, "buckets");
      for (const Json& bucket : buckets) FW_TRY(visit(bucket));
      if (!found.contains("after_key") || buckets.size() < size) return {};
      composite["after"] = codec::member_of(found, "after_key");
    }
  }

  /// Nothing for names that no record can have.
  static std::optional<WorkloadSummary> summary_of(const Json& bucket, const IndexForm& form) {
    auto workload = record::WorkloadId::parse(codec::text_at(codec::member_of(bucket, "key"), "workload"));
    auto client = record::ClientId::parse(codec::text_at(codec::member_of(bucket, "key"), "client"));
    const auto ends = ends_in(bucket, form);
    if (!workload.ok() || !client.ok() || !ends) return std::nullopt;
    return WorkloadSummary{.workload = std::move(workload).value(),
                           .client = std::move(client).value(),
                           .records = codec::count_at(bucket, "doc_count"),
                           .oldest = ends->first,
                           .newest = ends->second};
  }

  /// Buckets that differ by what is said and what is the default are one count.
  static void add(std::vector<RecordCount>& all, RecordCount count) {
    for (RecordCount& other : all) {
      const std::uint64_t records = std::exchange(count.records, other.records);
      if (count == other) {
        other.records += records;
        return;
      }
      count.records = records;
    }
    all.push_back(std::move(count));
  }

  std::shared_ptr<const Documents> documents_;
  Cluster cluster_;
  Index index_;
  KeyScan keys_;
  std::atomic<bool> is_stale_ = true;
  std::atomic<bool> is_refresh_refused_ = false;
  mutable std::mutex mutex_;
  Status health_;
  std::optional<Appended> last_;
};

}  // namespace

Result<std::unique_ptr<LogStore>> open_elasticsearch_log_store(ElasticsearchOptions options,
                                                               std::shared_ptr<const Documents> documents) {
  if (options.urls.empty()) return invalid_argument("no URL of Elasticsearch is given");
  for (const std::string& url : options.urls) FW_TRY(net::parse_url(url));
  if (options.index.empty() || options.index.find('/') != std::string::npos) {
    return invalid_argument("'" + options.index + "' is no name of an index");
  }
  return std::unique_ptr<LogStore>(std::make_unique<ElasticsearchLogStore>(options, std::move(documents)));
}

}  // namespace fw::logstore

#include "logstore/elasticsearch/impl/bulk_write.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "codec/json_member.h"

namespace fw::logstore {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostBytes = std::size_t{8} << 20;  // of one request, unless one record has more
constexpr int kMostAttempts = 8;                          // of items for which the cluster has no room
constexpr Duration kFirstPause = std::chrono::milliseconds(200);

/// One document on its way in.
struct Item {
  std::size_t place = 0;  ///< in the batch
  bool as_text = false;
};

struct Outcome {
  std::uint64_t status = 0;
  std::string reason;
};

/// What became of each action, in their order.
Result<std::vector<Outcome>> send_bulk(Cluster& cluster, std::string_view path, std::string body) {
  FW_ASSIGN(const auto answer, cluster.call(net::Method::kPost, path, std::move(body), "application/x-ndjson"));
  if (!answer.is_success()) return Cluster::error_of(answer);
  const Json json = Json::parse(answer.body, nullptr, false);
  if (!codec::member_of(json, "items").is_array()) {
    return data_loss("Elasticsearch's answer to a bulk request names no items");
  }
  std::vector<Outcome> outcomes;
  for (const Json& item : codec::list_at(json, "items")) {
    const Json& of = item.is_object() && !item.empty() ? item.front() : item;
    Outcome outcome{.status = codec::count_at(of, "status"), .reason = ""};
    if (const Json& error = codec::member_of(of, "error"); error.is_object()) {
      outcome.reason = codec::text_at(error, "type") + ": " + codec::text_at(error, "reason", "no reason given");
    } else if (!error.is_null()) {
      outcome.reason = error.is_string() ? error.get<std::string>() : error.dump();
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

class Creation final {
 public:
  Creation(Cluster& cluster, Index& index, const Documents& documents, Documents::Unit unit,
           std::span<const record::Interaction> batch)
      : cluster_(cluster), index_(index), documents_(documents), unit_(unit), batch_(batch) {}

  Result<AppendReport> run() {
    std::vector<Item> items;
    for (std::size_t place = 0; place < batch_.size(); ++place) items.push_back({.place = place});
    FW_TRY(send_all(std::move(items)));
    std::ranges::sort(report_.known);
    return std::move(report_);
  }

 private:
  Status send_all(std::vector<Item> items) {
    Duration pause = kFirstPause;
    for (int attempt = 1; !items.empty(); ++attempt) {
      std::vector<Item> again;
      for (std::size_t at = 0; at < items.size();) FW_TRY(send_some(items, at, again));
      items = std::move(again);
      if (items.empty()) break;
      const bool only_new_forms = std::ranges::all_of(items, &Item::as_text) && attempt == 1;
      if (only_new_forms) continue;
      if (attempt >= kMostAttempts) return resource_exhausted("Elasticsearch has no room for more documents: " + busy_);
      if (!cluster_.pause(pause)) return unavailable("the log store is being closed");
      pause = std::min(pause * 2, Duration(std::chrono::seconds(5)));
    }
    return {};
  }

  /// One request from items[at] on; moves `at` behind it.
  Status send_some(const std::vector<Item>& items, std::size_t& at, std::vector<Item>& again) {
    std::string body;
    const std::size_t first = at;
    while (at < items.size() && (at == first || body.size() < kMostBytes)) {
      const record::Interaction& record = batch_[items[at].place];
      body += Json{{"create", {{"_id", *record.id}}}}.dump() + '\n';
      body += documents_.write(record, unit_, items[at].as_text) + '\n';
      ++at;
    }
    FW_ASSIGN(const auto outcomes, send_bulk(cluster_, index_.path("_bulk"), std::move(body)));
    if (outcomes.size() != at - first) return data_loss("Elasticsearch's answer to a bulk request has not all items");
    for (std::size_t i = 0; i < outcomes.size(); ++i) FW_TRY(take(items[first + i], outcomes[i], again));
    return {};
  }

  Status take(const Item& item, const Outcome& outcome, std::vector<Item>& again) {
    switch (outcome.status) {
      case 200:
      case 201: ++report_.appended; return {};
      case 409:
        ++report_.duplicates;
        report_.known.push_back(item.place);
        return {};
      case 429:
      case 503:
        busy_ = outcome.reason;
        again.push_back(item);
        return {};
      case 403: return storage_full("Elasticsearch takes no documents into this index: " + outcome.reason);
      case 400:
        if (!item.as_text) {
          again.push_back({.place = item.place, .as_text = true});
          return {};
        }
        [[fallthrough]];
      default:
        return invalid_argument("Elasticsearch refuses the record " + *batch_[item.place].id + " (" +
                                std::to_string(outcome.status) + "): " + outcome.reason);
    }
  }

  Cluster& cluster_;
  Index& index_;
  const Documents& documents_;
  Documents::Unit unit_;
  std::span<const record::Interaction> batch_;
  AppendReport report_;
  std::string busy_;
};

}  // namespace

Result<AppendReport> bulk_create(Cluster& cluster, Index& index, const Documents& documents,
                                 std::span<const record::Interaction> batch) {
  FW_ASSIGN(const IndexForm form, index.form());
  if (!form.is_one) {
    return failed_precondition("nothing can be added to " + index.name() +
                               ": it is several indexes, or one whose mapping may not be changed");
  }
  return Creation(cluster, index, documents, form.written, batch).run();
}

Result<std::uint64_t> bulk_delete(Cluster& cluster, std::span<const FoundKey> keys) {
  std::uint64_t removed = 0;
  for (std::size_t at = 0; at < keys.size();) {
    std::string body;
    while (at < keys.size() && body.size() < kMostBytes) {
      body += Json{{"delete", {{"_index", keys[at].index}, {"_id", keys[at].document}}}}.dump() + '\n';
      ++at;
    }
    FW_ASSIGN(const auto outcomes, send_bulk(cluster, "/_bulk", std::move(body)));
    for (const Outcome& outcome : outcomes) {
      if (outcome.status == 200) ++removed;
      if (outcome.status == 200 || outcome.status == 404) continue;
      const std::string message = "Elasticsearch does not remove a document: " + outcome.reason;
      return outcome.status == 429 || outcome.status == 503 ? resource_exhausted(message) : invalid_argument(message);
    }
  }
  return removed;
}

}  // namespace fw::logstore

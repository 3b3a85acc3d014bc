#include "logstore/elasticsearch/impl/key_scan.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/log.h"
#include "codec/json_member.h"

namespace fw::logstore {
namespace {

using Json = nlohmann::json;
using Unit = Documents::Unit;

constexpr std::size_t kMostHits = 10'000;          // index.max_result_window, unless somebody changed it
constexpr std::size_t kMostOfOneTime = 2'000'000;  // keys of 200 bytes
constexpr Duration kKeepSameTime = std::chrono::seconds(30);
constexpr char kBeforeIndex = '@';

/// What is read of each document instead of its contents.
Json key_request(Json query, const IndexForm& form, Order order, std::size_t size) {
  return Json{{"size", size},
              {"query", std::move(query)},
              {"sort", sort_by_time(form, order)},
              {"_source", false},
              {"track_total_hits", false},
              {"docvalue_fields", Json::array({form.fields.workload, form.fields.client, "flywheel.nanoseconds"})}};
}

std::string text_field(const Json& hit, const std::string& name) {
  const Json& values = codec::list_at(codec::member_of(hit, "fields"), name.c_str());
  return !values.empty() && values[0].is_string() ? values[0].get<std::string>() : std::string();
}

std::int64_t nanoseconds_of(const Json& hit) {
  const Json& values = codec::list_at(codec::member_of(hit, "fields"), "flywheel.nanoseconds");
  return !values.empty() && values[0].is_number_integer() ? values[0].get<std::int64_t>() : 0;
}

/// The sort value of a date, which others' indices may hold as any number.
std::optional<std::int64_t> sort_value(const Json& hit) {
  const Json& sort = codec::list_at(hit, "sort");
  if (sort.empty() || !sort[0].is_number()) return {};
  if (sort[0].is_number_integer()) return sort[0].get<std::int64_t>();
  const double value = sort[0].get<double>();
  constexpr double kEnd = 9.2e18;  // of what an integer holds
  if (!(value > -kEnd && value < kEnd)) return {};
  return static_cast<std::int64_t>(value);
}

std::optional<Timestamp> time_of_hit(const Json& hit, Unit unit) {
  const auto value = sort_value(hit);
  if (!value) return {};
  return time_of({.value = *value, .nanoseconds = nanoseconds_of(hit)}, unit);
}

const char* name_of(Unit unit) {
  switch (unit) {
    case Unit::kSeconds: return "seconds";
    case Unit::kMilliseconds: return "milliseconds";
    case Unit::kMicroseconds: return "microseconds";
    case Unit::kNanoseconds: break;
  }
  return "nanoseconds";
}

/// Where documents decide: each unit has its part of the values.
Unit unit_of_hit(const Json& hit, const IndexForm& form) {
  const auto value = sort_value(hit);
  if (form.units.size() == 1 || !value) return form.units.front();
  return unit_of(*value);
}

/// Nothing for a document whose ids are none of ours (longer, with control characters): it is left out.
std::optional<FoundKey> key_of(const Json& hit, const IndexForm& form, Unit unit) {
  const auto time = time_of_hit(hit, unit);
  if (!time) return {};
  auto id = record::RecordId::parse(codec::text_at(hit, "_id"));
  auto workload = record::WorkloadId::parse(text_field(hit, form.fields.workload));
  auto client = record::ClientId::parse(text_field(hit, form.fields.client));
  if (!id.ok() || !workload.ok() || !client.ok()) {
    log_warning("logstore", "document left out: its ids are none of a record's", {{"id", codec::text_at(hit, "_id")}});
    return {};
  }
  return FoundKey{.key = {.id = std::move(id).value(),
                          .workload = std::move(workload).value(),
                          .client = std::move(client).value(),
                          .timestamp = *time},
                  .index = codec::text_at(hit, "_index"),
                  .document = codec::text_at(hit, "_id")};
}

/// The `_id` in a record's id that names its index; nothing where it names none of these.
std::optional<std::string> without_index(const std::string& id, const IndexForm& form) {
  for (const std::string& index : form.names) {
    const std::string end = kBeforeIndex + index;
    if (id.size() > end.size() && id.ends_with(end)) return id.substr(0, id.size() - end.size());
  }
  return {};
}

/// Gives ids to the documents of `keys`, of which `first` tells the first index that has their `_id`. One that would be
/// too long for a record's is left out.
void name_apart(std::vector<FoundKey>& keys, const std::unordered_map<std::string, std::string>& first) {
  const auto is_known_by_its_document = [&](const FoundKey& found) {
    const auto holder = first.find(found.document);
    return holder == first.end() || holder->second == found.index;
  };
  std::vector<FoundKey> named;
  for (FoundKey& found : keys) {
    if (is_known_by_its_document(found)) {
      named.push_back(std::move(found));
      continue;
    }
    auto id = record::RecordId::parse(found.document + kBeforeIndex + found.index);
    if (!id.ok()) {
      log_warning("logstore", "document left out: its _id stands in several indexes and is too long",
                  {{"index", found.index}, {"id", found.document}});
      continue;
    }
    found.key.id = std::move(id).value();
    named.push_back(std::move(found));
  }
  keys = std::move(named);
}

/// The first index by name of each `_id`.
std::unordered_map<std::string, std::string> first_holders(const std::vector<FoundKey>& holders) {
  std::unordered_map<std::string, std::string> first;
  for (const FoundKey& found : holders) {
    const auto [at, is_new] = first.try_emplace(found.document, found.index);
    if (!is_new) at->second = std::min(at->second, found.index);
  }
  return first;
}

}  // namespace

Json ends_by_unit(const IndexForm& form) {
  const auto first = [&](Order order) {
    return Json{{"top_hits",
                 {{"size", 1},
                  {"sort", sort_by_time(form, order)},
                  {"_source", false},
                  {"docvalue_fields", Json::array({"flywheel.nanoseconds"})}}}};
  };
  Json units = Json::object();
  for (const Unit unit : form.units) {
    units[name_of(unit)] = {{"filter", query_of({}, {}, form, unit)},
                            {"aggs", {{"oldest", first(Order::kOldestFirst)}, {"newest", first(Order::kNewestFirst)}}}};
  }
  return units;
}

std::optional<std::pair<Timestamp, Timestamp>> ends_in(const Json& bucket, const IndexForm& form) {
  std::optional<std::pair<Timestamp, Timestamp>> ends;
  for (const Unit unit : form.units) {
    for (const char* end : {"oldest", "newest"}) {
      const Json& found = codec::member_of(codec::member_of(bucket, name_of(unit)), end);
      for (const Json& hit : codec::list_at(codec::member_of(found, "hits"), "hits")) {
        const auto time = time_of_hit(hit, unit);
        if (!time) continue;
        if (!ends) ends.emplace(*time, *time);
        ends->first = std::min(ends->first, *time);
        ends->second = std::max(ends->second, *time);
      }
    }
  }
  return ends;
}

/// The hits of an answer, and those of them that are keys.
struct KeyScan::Page {
  std::size_t hits = 0;
  std::vector<FoundKey> keys;
  std::optional<Timestamp> last;   ///< of the last hit
  std::optional<Timestamp> whole;  ///< the last time before it: no document of this one is missing
};

namespace {

/// Without a unit each hit tells its own.
Result<KeyScan::Page> page_of(const Json& answer, const IndexForm& form, std::optional<Unit> unit) {
  // An answer of some shards alone would look like records that are gone.
  if (codec::flag_at(answer, "timed_out") || codec::count_at(codec::member_of(answer, "_shards"), "failed") != 0) {
    return unavailable("Elasticsearch answered for a part of the index's shards alone; look at the cluster's health");
  }
  KeyScan::Page page;
  const Json& hits = codec::member_of(codec::member_of(answer, "hits"), "hits");
  if (!hits.is_array()) return data_loss("Elasticsearch's answer to a search has no hits");
  page.hits = hits.size();
  for (const Json& hit : hits) {
    const Unit counted = unit.value_or(unit_of_hit(hit, form));
    const auto time = time_of_hit(hit, counted);
    if (page.last != time) page.whole = std::exchange(page.last, time);
    if (auto key = key_of(hit, form, counted)) page.keys.push_back(std::move(*key));
  }
  return page;
}

bool earlier(const RecordKey& a, const RecordKey& b) {
  return std::tie(a.timestamp, a.id) < std::tie(b.timestamp, b.id);
}

bool comes_before(const RecordKey& a, const RecordKey& b, Order order) {
  return order == Order::kOldestFirst ? earlier(a, b) : earlier(b, a);
}

void sort_keys(std::vector<FoundKey>& keys, Order order) {
  std::ranges::sort(keys, [order](const FoundKey& a, const FoundKey& b) { return comes_before(a.key, b.key, order); });
}

}  // namespace

Result<KeyScan::Found> KeyScan::read(const Selection& selection, Order order, std::size_t limit,
                                     const std::optional<RecordKey>& after) {
  FW_ASSIGN(const IndexForm form, index_.form());
  Found found;
  for (const Unit unit : form.units) {
    FW_ASSIGN(auto keys, of_unit(selection, order, limit + 1, after, form, unit));
    std::ranges::move(keys, std::back_inserter(found.keys));
  }
  if (form.units.size() > 1) sort_keys(found.keys, order);
  found.more = found.keys.size() > limit;
  if (found.more) found.keys.resize(limit);
  return found;
}

/// At least `limit` keys where there are so many, whole times each.
Result<std::vector<FoundKey>> KeyScan::of_unit(const Selection& selection, Order order, std::size_t limit,
                                               const std::optional<RecordKey>& after, const IndexForm& form,
                                               Unit unit) {
  std::vector<FoundKey> keys;
  std::optional<Timestamp> last;
  const auto take_time = [&](Timestamp time) -> Status {
    FW_ASSIGN(auto same, at_time(selection, order, time, form, unit));
    std::ranges::move(same, std::back_inserter(keys));
    last = time;
    return {};
  };
  if (after) {
    FW_TRY(take_time(after->timestamp));
    std::erase_if(keys, [&](const FoundKey& found) { return !comes_before(*after, found.key, order); });
  }
  while (keys.size() < limit) {
    // One more than is wanted tells whether the last time is whole.
    const std::size_t asked = std::min(limit - keys.size() + 1, kMostHits);
    FW_ASSIGN(Page page, beyond(selection, order, asked, last, form, unit));
    const bool is_end = page.hits < asked;
    if (!is_end) std::erase_if(page.keys, [&](const FoundKey& found) { return found.key.timestamp == page.last; });
    FW_TRY(tell_apart(page.keys, form));
    sort_keys(page.keys, order);
    std::ranges::move(page.keys, std::back_inserter(keys));
    if (is_end) break;
    if (!page.last) return data_loss("Elasticsearch's answer to a search in the order of time has a hit without one");
    if (page.whole) {
      last = page.whole;
    } else {
      FW_TRY(take_time(*page.last));
    }
  }
  if (keys.size() > limit) keys.resize(limit);
  return keys;
}

Result<KeyScan::Page> KeyScan::beyond(const Selection& selection, Order order, std::size_t limit,
                                      const std::optional<Timestamp>& last, const IndexForm& form, Unit unit) {
  TimeRange range;
  if (last && order == Order::kOldestFirst) range.after = last;
  if (last && order == Order::kNewestFirst) range.to = last;
  const Json ask = key_request(query_of(selection, range, form, unit), form, order, limit);
  FW_ASSIGN(const Json answer, cluster_.json(net::Method::kPost, index_.path("_search"), ask.dump()));
  return page_of(answer, form, unit);
}

Result<std::vector<FoundKey>> KeyScan::at_time(const Selection& selection, Order order, Timestamp time,
                                               const IndexForm& form, Unit unit) {
  const TimeRange range{.from = time, .after = {}, .to = time + Duration(1)};
  const Json ask = key_request(query_of(selection, range, form, unit), form, order, kMostHits);
  std::string query = ask.dump();
  {
    const std::lock_guard lock(mutex_);
    if (same_time_ && same_time_->query == query && kernel_now() - same_time_->read < kKeepSameTime)
      return same_time_->keys;
  }
  FW_ASSIGN(const Json answer, cluster_.json(net::Method::kPost, index_.path("_search"), query));
  FW_ASSIGN(Page page, page_of(answer, form, unit));
  if (page.hits >= kMostHits) {
    FW_ASSIGN(page.keys, scroll(ask, form, unit));
  }
  FW_TRY(tell_apart(page.keys, form));
  sort_keys(page.keys, order);
  if (page.keys.size() > kMostHits / 10) {
    const std::lock_guard lock(mutex_);
    same_time_ = SameTime{.query = std::move(query), .read = kernel_now(), .keys = page.keys};
  }
  return std::move(page.keys);
}

/// All keys of one time that are too many for a search. A scroll whose answer was lost goes on behind it: what came is
/// counted.
Result<std::vector<FoundKey>> KeyScan::scroll(Json query, const IndexForm& form, Unit unit) {
  query["track_total_hits"] = true;
  std::vector<FoundKey> keys;
  std::size_t hits = 0;
  FW_ASSIGN(Json answer, cluster_.json(net::Method::kPost, index_.path("_search?scroll=2m"), query.dump()));
  const Json& about = codec::member_of(answer, "hits");
  const Json& total = codec::member_of(about, "total");
  const std::uint64_t all = total.is_object() ? codec::count_at(total, "value") : codec::count_at(about, "total");
  std::string id;
  Status status;
  while (true) {
    id = codec::text_at(answer, "_scroll_id", id);
    auto page = page_of(answer, form, unit);
    if (!page.ok()) {
      status = std::move(page).error();
      break;
    }
    hits += page->hits;
    if (page->hits == 0) break;
    std::ranges::move(page->keys, std::back_inserter(keys));
    if (keys.size() > kMostOfOneTime) {
      status = too_large("more than " + std::to_string(kMostOfOneTime) + " records have one and the same time");
      break;
    }
    const Json next{{"scroll", "2m"}, {"scroll_id", id}};
    auto more = cluster_.json(net::Method::kPost, "/_search/scroll", next.dump());
    if (!more.ok()) {
      status = std::move(more).error();
      break;
    }
    answer = std::move(more).value();
  }
  if (!id.empty()) (void)cluster_.call(net::Method::kDelete, "/_search/scroll", Json{{"scroll_id", id}}.dump());
  if (!status.ok()) return std::move(status).error();
  if (hits < all) return unavailable("an answer of Elasticsearch was lost within a scroll; try again");
  return keys;
}

/// The keys of all documents with these `_id`s, as if they stood in one index each.
Result<std::vector<FoundKey>> KeyScan::holders_of(const std::vector<std::string>& documents, const IndexForm& form) {
  std::vector<FoundKey> holders;
  // Each index has an _id once: so many are never more hits than an answer has.
  const std::size_t at_once = std::max<std::size_t>(kMostHits / std::max<std::size_t>(form.names.size(), 1), 1);
  for (std::size_t at = 0; at < documents.size(); at += at_once) {
    const std::vector<std::string> some(
        documents.begin() + static_cast<std::ptrdiff_t>(at),
        documents.begin() + static_cast<std::ptrdiff_t>(std::min(at + at_once, documents.size())));
    const Json query{{"ids", {{"values", some}}}};
    const Json ask = key_request(query, form, Order::kOldestFirst, kMostHits);
    FW_ASSIGN(const Json answer, cluster_.json(net::Method::kPost, index_.path("_search"), ask.dump()));
    FW_ASSIGN(Page page, page_of(answer, form, std::nullopt));
    std::ranges::move(page.keys, std::back_inserter(holders));
  }
  return holders;
}

/// Most names have one index, and most indexes ids of their own: then nothing is asked, or a count.
Status KeyScan::tell_apart(std::vector<FoundKey>& keys, const IndexForm& form) {
  if (form.names.size() < 2) return {};
  for (std::size_t at = 0; at < keys.size(); at += kMostHits) {
    const auto some = std::span(keys).subspan(at, std::min(kMostHits, keys.size() - at));
    std::unordered_set<std::string> ids;
    for (const FoundKey& found : some) ids.insert(found.document);
    const Json query{{"ids", {{"values", std::vector<std::string>(ids.begin(), ids.end())}}}};
    FW_ASSIGN(const Json answer,
              cluster_.json(net::Method::kPost, index_.path("_count"), Json{{"query", query}}.dump()));
    if (codec::count_at(codec::member_of(answer, "_shards"), "failed") != 0) {
      return unavailable("Elasticsearch counted a part of the shards alone");
    }
    if (codec::count_at(answer, "count") > ids.size()) {
      std::vector<std::string> all;
      for (const FoundKey& found : keys) all.push_back(found.document);
      std::ranges::sort(all);
      const auto again = std::ranges::unique(all);
      all.erase(again.begin(), again.end());
      FW_ASSIGN(const auto holders, holders_of(all, form));
      name_apart(keys, first_holders(holders));
      return {};
    }
  }
  return {};
}

Result<std::vector<FoundKey>> KeyScan::with_ids(std::vector<std::string> ids) {
  FW_ASSIGN(const IndexForm form, index_.form());
  if (form.names.size() < 2) return holders_of(ids, form);
  std::unordered_set<std::string> documents(ids.begin(), ids.end());
  for (const std::string& id : ids) {
    if (auto document = without_index(id, form)) documents.insert(std::move(*document));
  }
  const std::vector<std::string> all(documents.begin(), documents.end());
  FW_ASSIGN(auto keys, holders_of(all, form));
  name_apart(keys, first_holders(keys));
  const std::unordered_set<std::string> asked(ids.begin(), ids.end());
  std::erase_if(keys, [&](const FoundKey& found) { return !asked.contains(*found.key.id); });
  return keys;
}

void KeyScan::forget_times() {
  const std::lock_guard lock(mutex_);
  same_time_.reset();
}

}  // namespace fw::logstore

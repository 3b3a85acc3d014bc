#include "logstore/elasticsearch/impl/query.h"

namespace fw::logstore {
namespace {

using Json = nlohmann::json;
using Unit = Documents::Unit;

constexpr const char* kNanoseconds = "flywheel.nanoseconds";

std::int64_t nanoseconds_in(Unit unit) {
  switch (unit) {
    case Unit::kSeconds: return 1'000'000'000;
    case Unit::kMilliseconds: return 1'000'000;
    case Unit::kMicroseconds: return 1000;
    case Unit::kNanoseconds: break;
  }
  return 1;
}

/// A date is compared as the number by which it is sorted.
Json range(const std::string& field, const char* comparison, std::int64_t value, bool is_date) {
  Json bounds{{comparison, value}};
  if (is_date) bounds["format"] = "epoch_millis";
  return Json{{"range", {{field, bounds}}}};
}

Json any_of(Json alternatives) {
  return Json{{"bool", {{"should", std::move(alternatives)}, {"minimum_should_match", 1}}}};
}

Json both(Json first, Json second) {
  return Json{{"bool", {{"filter", Json::array({std::move(first), std::move(second)})}}}};
}

Json no(Json query) { return Json{{"bool", {{"must_not", Json::array({std::move(query)})}}}}; }

/// Times from `time` on, which itself belongs to them or not.
Json at_or_after(Timestamp time, bool inclusive, const std::string& field, Unit unit) {
  const IndexTime at = index_time(time, unit);
  if (at.nanoseconds == 0 && inclusive) return range(field, "gte", at.value, true);
  Json same = range(kNanoseconds, inclusive ? "gte" : "gt", at.nanoseconds, false);
  return any_of(
      Json::array({range(field, "gt", at.value, true), both(range(field, "gte", at.value, true), std::move(same))}));
}

/// Times before `time`; one without the rest counts as its whole unit.
Json before(Timestamp time, const std::string& field, Unit unit) {
  const IndexTime at = index_time(time, unit);
  if (at.nanoseconds == 0) return range(field, "lt", at.value, true);
  Json earlier = no(range(kNanoseconds, "gte", at.nanoseconds, false));
  return any_of(
      Json::array({range(field, "lt", at.value, true), both(range(field, "lte", at.value, true), std::move(earlier))}));
}

}  // namespace

IndexTime index_time(Timestamp time, Unit unit) {
  const std::int64_t all = time.time_since_epoch().count();
  const std::int64_t size = nanoseconds_in(unit);
  std::int64_t value = all / size;
  if (all % size < 0) --value;
  return {.value = value, .nanoseconds = all - value * size};
}

Timestamp time_of(const IndexTime& time, Unit unit) {
  // Values from outside may lie beyond what nanoseconds of 64 bits hold: they are cut to it.
  const std::int64_t size = nanoseconds_in(unit);
  const std::int64_t most = INT64_MAX / size - 1;
  const std::int64_t value = std::clamp(time.value, -most, most);
  return Timestamp(Duration(value * size + std::clamp<std::int64_t>(time.nanoseconds, 0, size - 1)));
}

Json query_of(const Selection& selection, const TimeRange& times, const IndexForm& form, Unit unit) {
  const std::string& field = form.fields.timestamp;
  Json filter = Json::array({Json{{"exists", {{"field", field}}}}});
  if (selection.workload) filter.push_back(Json{{"term", {{form.fields.workload, **selection.workload}}}});
  if (selection.client) filter.push_back(Json{{"term", {{form.fields.client, **selection.client}}}});
  for (const auto& from : {selection.from, times.from}) {
    if (from) filter.push_back(at_or_after(*from, true, field, unit));
  }
  if (times.after) filter.push_back(at_or_after(*times.after, false, field, unit));
  for (const auto& to : {selection.to, times.to}) {
    if (to) filter.push_back(before(*to, field, unit));
  }
  if (form.units.size() > 1) {
    const ValuesOfUnit values = values_of(unit);
    if (values.first) filter.push_back(range(field, "gte", *values.first, true));
    if (values.end) filter.push_back(range(field, "lt", *values.end, true));
  }
  return Json{{"bool", {{"filter", std::move(filter)}}}};
}

Json sort_by_time(const IndexForm& form, Order order) {
  const bool up = order == Order::kOldestFirst;
  const char* direction = up ? "asc" : "desc";
  return Json::array(
      {Json{{form.fields.timestamp, {{"order", direction}, {"unmapped_type", "date"}}}},
       Json{{kNanoseconds,
             {{"order", direction}, {"missing", up ? "_first" : "_last"}, {"unmapped_type", "integer"}}}}});
}

}  // namespace fw::logstore

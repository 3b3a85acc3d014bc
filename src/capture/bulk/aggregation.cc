#include "capture/bulk/impl/aggregation.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "capture/bulk/impl/hit_shape.h"

namespace fw::capture::elastic {

namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;
using Milliseconds = std::chrono::sys_time<std::chrono::milliseconds>;

std::int64_t ms_of(Timestamp time) {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

std::int64_t ms_of(sys_days day) { return Milliseconds(day).time_since_epoch().count(); }

/// The begin of the bucket of a time.
std::int64_t bucket_of(std::int64_t ms, const Aggregations::Definition& definition) {
  const auto down_to = [ms](std::int64_t unit) { return ms - ms % unit; };
  if (definition.interval_ms > 0) return down_to(definition.interval_ms);
  const auto day = std::chrono::floor<days>(Milliseconds(std::chrono::milliseconds(ms)));
  const year_month_day date(day);
  switch (definition.calendar) {
    case 'm': return down_to(60'000);
    case 'h': return down_to(3'600'000);
    case 'w': return ms_of(day - (std::chrono::weekday(day) - std::chrono::Monday));
    case 'M': return ms_of(date.year() / date.month() / 1);
    case 'q': return ms_of(date.year() / std::chrono::month((static_cast<unsigned>(date.month()) - 1) / 3 * 3 + 1) / 1);
    case 'y': return ms_of(date.year() / 1 / 1);
    default: return down_to(86'400'000);
  }
}

/// The begin of the bucket after the one that begins at `ms`.
std::int64_t bucket_after(std::int64_t ms, const Aggregations::Definition& definition) {
  if (definition.interval_ms > 0) return ms + definition.interval_ms;
  constexpr std::int64_t kDay = 86'400'000;
  switch (definition.calendar) {
    case 'm': return ms + 60'000;
    case 'h': return ms + 3'600'000;
    case 'w': return ms + 7 * kDay;
    case 'M': return bucket_of(ms + 32 * kDay, definition);
    case 'q': return bucket_of(ms + 95 * kDay, definition);
    case 'y': return bucket_of(ms + 367 * kDay, definition);
    default: return ms + kDay;
  }
}

Result<std::int64_t> fixed_interval(const std::string& text) {
  std::size_t end = 0;
  std::int64_t count = 0;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9' && count < 1'000'000'000) {
    count = count * 10 + (text[end++] - '0');
  }
  const std::string unit = text.substr(end);
  const std::map<std::string, std::int64_t> units{
      {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  const auto found = units.find(unit);
  if (count == 0 || found == units.end())
    return invalid_argument("[fixed_interval] [" + text + "] is none, like 90m or 1d");
  return count * found->second;
}

Result<char> calendar_interval(const std::string& text) {
  const std::map<std::string, char> names{{"minute", 'm'},  {"1m", 'm'},   {"hour", 'h'}, {"1h", 'h'},    {"day", 'd'},
                                          {"1d", 'd'},      {"week", 'w'}, {"1w", 'w'},   {"month", 'M'}, {"1M", 'M'},
                                          {"quarter", 'q'}, {"1q", 'q'},   {"year", 'y'}, {"1y", 'y'}};
  const auto found = names.find(text);
  if (found == names.end()) return invalid_argument("[calendar_interval] [" + text + "] is none, like day or 1M");
  return found->second;
}

Status read_order(const Json& order, Aggregations::Definition& into) {
  if (order.is_array()) {
    const bool ends_as_always = order.size() == 2 && order[1] == Json{{"_key", "asc"}};
    if (order.size() > 1 && !ends_as_always) return invalid_argument("[order] by several is not known");
    return order.empty() ? Status() : read_order(order.front(), into);
  }
  if (!order.is_object() || order.size() != 1 || !order.begin().value().is_string()) {
    return invalid_argument("[order] is {\"_key\" or \"_count\": \"asc\" or \"desc\"}");
  }
  const std::string key = order.begin().key();
  if (key != "_key" && key != "_count" && key != "_term") {
    return invalid_argument("[order] by [" + key + "] is not known; by _key or _count is");
  }
  into.by_key = key != "_count";
  into.is_descending = order.begin().value() == "desc";
  return {};
}

/// `extended_bounds`: how far the empty buckets of a histogram go.
Status read_bounds(const Json& bounds, Aggregations::Definition& into) {
  if (!bounds.is_object() || bounds.size() != 2 || !bounds.contains("min") || !bounds.contains("max")) {
    return invalid_argument("[extended_bounds] is {\"min\", \"max\"}");
  }
  const auto ms_at = [&](const char* key) -> Result<std::int64_t> {
    const Json& value = bounds[key];
    if (value.is_string() && value.get<std::string>().starts_with("now")) {
      return invalid_argument("[extended_bounds] are times, without [now]");
    }
    const bool is_ms = value.is_number() || into.format == "epoch_millis";
    FW_ASSIGN(const Timestamp time, parse_time(value, is_ms ? "epoch_millis" : "", Timestamp()));
    return ms_of(time);
  };
  FW_ASSIGN(const std::int64_t min, ms_at("min"));
  FW_ASSIGN(const std::int64_t max, ms_at("max"));
  if (min > max) return invalid_argument("[extended_bounds.min] is not before [extended_bounds.max]");
  into.bounds = std::pair(min, max);
  return {};
}

/// What says no more than what happens anyway.
bool is_said_anyway(std::string_view key, const Json& value) {
  if (key == "keyed") return value == false;
  if (key == "time_zone") return value == "UTC" || value == "Z" || value == "+00:00";
  return key == "field" || key == "missing" || key == "shard_size" || key == "precision_threshold" ||
         key == "execution_hint" || key == "collect_mode" || key == "show_term_doc_count_error";
}

Status read_bucket_keys(const Json& body, std::string_view kind, Aggregations::Definition& into) {
  for (const auto& [key, value] : body.items()) {
    if (is_said_anyway(key, value)) continue;
    if (key == "format" && value.is_string()) {
      into.format = value.get<std::string>();
      FW_TRY(check_time_format(into.format));
    } else if (key == "extended_bounds" && into.kind == Aggregations::Definition::Kind::kDateHistogram) {
      FW_TRY(read_bounds(value, into));
    } else if (key == "size" && value.is_number_unsigned()) {
      into.size = std::min<std::size_t>(value.get<std::size_t>(), Aggregations::kMaxBuckets);
    } else if (key == "min_doc_count" && value.is_number_unsigned()) {
      into.min_doc_count = value.get<std::size_t>();
      if (kind == "terms" && into.min_doc_count == 0) {
        return invalid_argument("[min_doc_count] of [terms] is 1 at least: what does not match is not looked at");
      }
    } else if (key == "order") {
      FW_TRY(read_order(value, into));
    } else if (key == "fixed_interval" && value.is_string()) {
      FW_ASSIGN(into.interval_ms, fixed_interval(value.get<std::string>()));
    } else if ((key == "calendar_interval" || key == "interval") && value.is_string()) {
      FW_ASSIGN(into.calendar, calendar_interval(value.get<std::string>()));
    } else {
      return invalid_argument("unknown key of [" + std::string(kind) + "]: [" + key + "]");
    }
  }
  return {};
}

Result<Aggregations::Definition> parse_definition(const std::string& name, const Json& body, int depth);

Result<std::vector<Aggregations::Definition>> parse_definitions(const Json& aggs, int depth) {
  if (depth > Aggregations::kMaxDepth) return invalid_argument("aggregations are nested too deeply");
  if (!aggs.is_object() || aggs.size() > 100) return invalid_argument("[aggs] is an object of up to 100 aggregations");
  std::vector<Aggregations::Definition> out;
  for (const auto& [name, body] : aggs.items()) {
    FW_ASSIGN(auto definition, parse_definition(name, body, depth));
    out.push_back(std::move(definition));
  }
  return out;
}

Result<Aggregations::Definition> parse_definition(const std::string& name, const Json& body, int depth) {
  using Kind = Aggregations::Definition::Kind;
  const std::map<std::string, Kind> kinds{{"terms", Kind::kTerms},
                                          {"date_histogram", Kind::kDateHistogram},
                                          {"value_count", Kind::kValueCount},
                                          {"cardinality", Kind::kCardinality},
                                          {"min", Kind::kMin},
                                          {"max", Kind::kMax}};
  Aggregations::Definition out{.name = name};
  if (!body.is_object()) return invalid_argument("aggregation [" + name + "] is an object");
  bool has_kind = false;
  for (const auto& [key, value] : body.items()) {
    if (key == "aggs" || key == "aggregations") {
      FW_ASSIGN(out.inner, parse_definitions(value, depth + 1));
      continue;
    }
    if (key == "meta") continue;
    const auto kind = kinds.find(key);
    if (kind == kinds.end()) return invalid_argument("unknown aggregation type [" + key + "]");
    if (has_kind) return invalid_argument("aggregation [" + name + "] has two types");
    has_kind = true;
    out.kind = kind->second;
    if (!value.is_object() || !value.contains("field") || !value["field"].is_string()) {
      return invalid_argument("aggregation [" + name + "] needs [field]");
    }
    FW_ASSIGN(out.field, parse_field(value["field"].get<std::string>()));
    if (out.field == Field::kBody)
      return invalid_argument("aggregation [" + name + "]: request and response are not indexed");
    if (out.kind == Kind::kDateHistogram) {
      out.min_doc_count = 0;
      out.by_key = true;
      out.is_descending = false;
    }
    FW_TRY(read_bucket_keys(value, key, out));
    const bool is_of_time = out.kind == Kind::kDateHistogram || out.kind == Kind::kMin || out.kind == Kind::kMax;
    if (is_of_time != (out.field == Field::kTime) && (is_of_time || out.kind == Kind::kTerms)) {
      return invalid_argument("aggregation [" + key + "] is not for field [" + value["field"].get<std::string>() + "]");
    }
  }
  if (!has_kind) return invalid_argument("aggregation [" + name + "] has no type");
  return out;
}

}  // namespace

struct Aggregations::Bucket {
  std::uint64_t count = 0;
  std::vector<State> inner;
};

struct Aggregations::State {
  std::map<std::string, Bucket, std::less<>> by_text;
  std::map<std::int64_t, Bucket> by_time;
  std::uint64_t count = 0;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::int64_t most = std::numeric_limits<std::int64_t>::min();
};

Result<Aggregations> Aggregations::parse(const Json& aggs, std::string_view whole_index) {
  Aggregations out;
  FW_ASSIGN(out.definitions_, parse_definitions(aggs, 1));
  out.whole_index_ = whole_index;
  out.states_ = std::make_shared<std::vector<State>>(out.definitions_.size());
  return out;
}

void Aggregations::add(const record::Interaction& record) {
  if (buckets_ <= kMaxBuckets && states_) add(record, definitions_, *states_);
}

void Aggregations::add(const record::Interaction& record, const std::vector<Definition>& definitions,
                       std::vector<State>& states) {
  using Kind = Definition::Kind;
  states.resize(definitions.size());
  for (std::size_t i = 0; i < definitions.size(); ++i) {
    const Definition& definition = definitions[i];
    State& state = states[i];
    ++state.count;
    const std::int64_t ms = ms_of(record.timestamp);
    state.least = std::min(state.least, ms);
    state.most = std::max(state.most, ms);
    if (definition.kind == Kind::kMin || definition.kind == Kind::kMax || definition.kind == Kind::kValueCount)
      continue;
    Bucket* bucket = nullptr;
    const std::size_t had = state.by_text.size() + state.by_time.size();
    if (definition.field == Field::kTime) {
      bucket = &state.by_time[definition.kind == Kind::kCardinality ? ms : bucket_of(ms, definition)];
    } else {
      bucket = &state.by_text[std::string(text_of(record, definition.field, whole_index_))];
    }
    buckets_ += state.by_text.size() + state.by_time.size() - had;
    ++bucket->count;
    if (!definition.inner.empty()) add(record, definition.inner, bucket->inner);
  }
}

Result<Json> Aggregations::to_json() const {
  if (buckets_ > kMaxBuckets) return too_large("the aggregations have more than 65536 buckets; narrow the query");
  std::size_t room_for_gaps = kMaxBuckets;
  return results_of(definitions_, *states_, room_for_gaps);
}

Json Aggregations::results_of(const std::vector<Definition>& definitions, const std::vector<State>& states,
                              std::size_t& room_for_gaps) {
  Json out = Json::object();
  for (std::size_t i = 0; i < definitions.size(); ++i) {
    out[definitions[i].name] = result_of(definitions[i], i < states.size() ? states[i] : State{}, room_for_gaps);
  }
  return out;
}

Json Aggregations::result_of(const Definition& definition, const State& state, std::size_t& room_for_gaps) {
  const auto time_value = [&](std::int64_t ms) -> Json {
    if (state.count == 0) return {{"value", nullptr}};
    return {{"value", static_cast<double>(ms)}, {"value_as_string", formatted_time(ms, definition.format)}};
  };
  switch (definition.kind) {
    case Definition::Kind::kTerms: return terms_result(definition, state, room_for_gaps);
    case Definition::Kind::kDateHistogram: return histogram_result(definition, state, room_for_gaps);
    case Definition::Kind::kValueCount: return {{"value", state.count}};
    case Definition::Kind::kCardinality: return {{"value", state.by_text.size() + state.by_time.size()}};
    case Definition::Kind::kMin: return time_value(state.least);
    case Definition::Kind::kMax: return time_value(state.most);
  }
  return nullptr;
}

Json Aggregations::terms_result(const Definition& definition, const State& state, std::size_t& room_for_gaps) {
  std::vector<std::pair<std::string_view, const Bucket*>> buckets;
  for (const auto& [key, bucket] : state.by_text) {
    if (bucket.count >= definition.min_doc_count) buckets.emplace_back(key, &bucket);
  }
  if (!definition.by_key) {
    std::ranges::sort(buckets, [&](const auto& a, const auto& b) {
      if (a.second->count == b.second->count) return a.first < b.first;
      return definition.is_descending == (a.second->count > b.second->count);
    });
  } else if (definition.is_descending) {
    std::ranges::reverse(buckets);
  }
  Json list = Json::array();
  std::uint64_t others = 0;
  for (const auto& [key, bucket] : buckets) {
    if (list.size() >= definition.size) {
      others += bucket->count;
      continue;
    }
    Json entry{{"key", key}, {"doc_count", bucket->count}};
    entry.update(results_of(definition.inner, bucket->inner, room_for_gaps));
    list.push_back(std::move(entry));
  }
  return {{"doc_count_error_upper_bound", 0}, {"sum_other_doc_count", others}, {"buckets", std::move(list)}};
}

Json Aggregations::histogram_result(const Definition& definition, const State& state, std::size_t& room_for_gaps) {
  Json list = Json::array();
  const auto append = [&](std::int64_t ms, const Bucket& bucket) {
    Json entry{{"key_as_string", formatted_time(ms, definition.format)}, {"key", ms}, {"doc_count", bucket.count}};
    entry.update(results_of(definition.inner, bucket.inner, room_for_gaps));
    list.push_back(std::move(entry));
  };
  std::optional<std::int64_t> expected;
  const auto fill_up_to = [&](std::int64_t ms) {
    while (definition.min_doc_count == 0 && expected && *expected < ms && room_for_gaps > 0) {
      --room_for_gaps;
      append(*expected, {});
      expected = bucket_after(*expected, definition);
    }
  };
  const auto begins_earlier = [&](std::int64_t ms) {
    return state.by_time.empty() || ms < state.by_time.begin()->first;
  };
  if (definition.bounds && begins_earlier(definition.bounds->first)) {
    expected = bucket_of(definition.bounds->first, definition);
  }
  for (const auto& [ms, bucket] : state.by_time) {
    fill_up_to(ms);
    if (bucket.count >= definition.min_doc_count) append(ms, bucket);
    expected = bucket_after(ms, definition);
  }
  if (definition.bounds) fill_up_to(definition.bounds->second + 1);
  if (definition.is_descending) std::ranges::reverse(list);
  return {{"buckets", std::move(list)}};
}

}  // namespace fw::capture::elastic

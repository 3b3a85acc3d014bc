#include "capture/bulk/impl/search_request.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "capture/bulk/impl/point_in_time.h"
#include "capture/bulk/impl/query_string.h"

namespace fw::capture::elastic {
namespace {

Result<std::size_t> size_of(const Json& value, std::string_view name) {
  if (value.is_number_unsigned()) return value.get<std::size_t>();
  if (value.is_string()) {
    const std::string text = value.get<std::string>();
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size()) return number;
  }
  return invalid_argument("[" + std::string(name) + "] is a number from 0 on");
}

/// What a search may say that changes nothing here. `terminate_after` bounds effort: what is known without is told.
bool is_without_effect(std::string_view key) {
  constexpr std::array<std::string_view, 7> kKeys{"timeout",    "terminate_after", "track_scores", "stats",
                                                  "preference", "keep_alive",      "ext"};
  return std::ranges::find(kKeys, key) != kKeys.end();
}

/// What asks for nothing: a part that is not known, left empty or turned off.
bool asks_for_nothing(std::string_view key, const Json& value) {
  constexpr std::array<std::string_view, 8> kKeys{"explain",       "profile", "script_fields", "runtime_mappings",
                                                  "indices_boost", "rescore", "suggest",       "min_score"};
  if (std::ranges::find(kKeys, key) == kKeys.end()) return false;
  return value.is_null() || value == false || ((value.is_object() || value.is_array()) && value.empty());
}

bool is_on(const Json& value) { return value == true || value == "true" || value == ""; }

Status read_total(const Json& value, SearchRequest& into) {
  if (value.is_boolean() || value == "true" || value == "false") {
    into.tells_total = value == true || value == "true";
    into.count_up_to = into.tells_total ? SIZE_MAX : 0;
    return {};
  }
  FW_ASSIGN(into.count_up_to, size_of(value, "track_total_hits"));
  return {};
}

/// `slice` of a search that is read in several parts at once.
Status read_slice(const Json& slice, Query& into) {
  if (!slice.is_object() || !slice.contains("id") || !slice.contains("max")) {
    return invalid_argument("[slice] needs [id] and [max]");
  }
  for (const auto& [key, value] : slice.items()) {
    if (key != "id" && key != "max" && key != "field") return invalid_argument("unknown key of [slice]: [" + key + "]");
  }
  FW_ASSIGN(const std::size_t id, size_of(slice["id"], "slice.id"));
  FW_ASSIGN(const std::size_t max, size_of(slice["max"], "slice.max"));
  if (max < 2 || id >= max) return invalid_argument("[slice] has an [id] below its [max], which is 2 at least");
  into = into.slice(id, max);
  return {};
}

Status read_body(const Json& body, const Query::Context& context, SearchRequest& into) {
  for (const auto& [key, value] : body.items()) {
    if (key == "query") {
      FW_ASSIGN(into.query, Query::parse(value, context));
    } else if (key == "sort") {
      FW_ASSIGN(into.sort, Sort::parse(value));
    } else if (key == "size") {
      FW_ASSIGN(into.size, size_of(value, "size"));
    } else if (key == "from") {
      FW_ASSIGN(into.from, size_of(value, "from"));
    } else if (key == "_source") {
      FW_ASSIGN(into.shape.source, SourceFilter::parse(value));
    } else if (key == "fields") {
      FW_TRY(into.shape.fields.add(value, FieldList::Of::kFields));
    } else if (key == "docvalue_fields") {
      FW_TRY(into.shape.fields.add(value, FieldList::Of::kDocValues));
    } else if (key == "version") {
      into.shape.shows_version = is_on(value);
    } else if (key == "seq_no_primary_term") {
      into.shape.shows_sequence = is_on(value);
    } else if (key == "track_total_hits") {
      FW_TRY(read_total(value, into));
    } else if (key == "aggs" || key == "aggregations") {
      FW_ASSIGN(into.aggregations, Aggregations::parse(value, context.whole_index));
    } else if (key == "pit") {
      if (!value.is_object() || !value.contains("id") || !value["id"].is_string())
        return invalid_argument("[pit] needs [id]");
      into.pit = value["id"].get<std::string>();
    } else if (key != "search_after" && key != "slice" && key != "stored_fields" && !is_without_effect(key) &&
               !asks_for_nothing(key, value)) {
      return invalid_argument("Unknown key for a search: [" + key + "]");
    }
  }
  if (const auto names = body.find("stored_fields"); names != body.end() && !names->is_null()) {
    FW_TRY(into.shape.read_stored_fields(*names, body.contains("_source")));
  }
  return {};
}

Json list_of(std::string_view text) {
  Json list = Json::array();
  while (!text.empty()) {
    const auto comma = text.find(',');
    list.push_back(std::string(text.substr(0, comma)));
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return list;
}

/// A query as text, `q`, with what belongs to it. None: there is no `q`.
Result<std::optional<Query>> query_of(const Call& call, bool has_query, const Query::Context& context) {
  const auto text = call.query.find("q");
  if (!text) return std::optional<Query>();
  if (has_query) return invalid_argument("[q] and a body with [query] are two queries; send one of them");
  Json clause{{"query", std::string(*text)}};
  if (const auto field = call.query.find("df")) clause["default_field"] = std::string(*field);
  if (const auto operation = call.query.find("default_operator")) clause["default_operator"] = std::string(*operation);
  FW_ASSIGN(auto query, Query::parse({{"query_string", std::move(clause)}}, context));
  return std::optional<Query>(std::move(query));
}

Status read_parameters(const Call& call, bool has_source, SearchRequest& into) {
  const net::QueryParams& query = call.query;
  if (const auto size = query.find("size")) {
    FW_ASSIGN(into.size, size_of(std::string(*size), "size"));
  }
  if (const auto from = query.find("from")) {
    FW_ASSIGN(into.from, size_of(std::string(*from), "from"));
  }
  if (const auto total = query.find("track_total_hits")) FW_TRY(read_total(std::string(*total), into));
  if (const auto sort = query.find("sort")) {
    FW_ASSIGN(into.sort, Sort::parse(list_of(*sort)));
  }
  into.tells_total_as_number = call.has_flag("rest_total_hits_as_int");
  into.shape.shows_version |= call.has_flag("version");
  into.shape.shows_sequence |= call.has_flag("seq_no_primary_term");
  for (const char* off : {"explain", "typed_keys"}) {
    if (call.has_flag(off)) return invalid_argument("[" + std::string(off) + "] is not known");
  }
  if (const auto fields = query.find("docvalue_fields")) {
    FW_TRY(into.shape.fields.add(list_of(*fields), FieldList::Of::kDocValues));
  }
  if (const auto fields = query.find("stored_fields")) {
    FW_TRY(into.shape.read_stored_fields(list_of(*fields), has_source || query.find("_source")));
  }
  FW_ASSIGN(into.shape.source, SourceFilter::of(query, std::move(into.shape.source)));
  return {};
}

Status check_search_parameters(const Call& call) {
  return check_parameters(call, {"q",
                                 "df",
                                 "default_operator",
                                 "analyze_wildcard",
                                 "analyzer",
                                 "lenient",
                                 "size",
                                 "from",
                                 "sort",
                                 "track_total_hits",
                                 "track_scores",
                                 "rest_total_hits_as_int",
                                 "scroll",
                                 "_source",
                                 "_source_includes",
                                 "_source_excludes",
                                 "docvalue_fields",
                                 "stored_fields",
                                 "version",
                                 "seq_no_primary_term",
                                 "explain",
                                 "typed_keys",
                                 "terminate_after",
                                 "timeout",
                                 "stats",
                                 "search_type",
                                 "request_cache",
                                 "batched_reduce_size",
                                 "max_concurrent_shard_requests",
                                 "pre_filter_shard_size",
                                 "allow_partial_search_results",
                                 "ccs_minimize_roundtrips",
                                 "ignore_throttled",
                                 "force_synthetic_source",
                                 "cancel_after_time_interval",
                                 "phase_took",
                                 "search_pipeline",
                                 "include_named_queries_score"});
}

}  // namespace

Status check_parameters(const Call& call, std::initializer_list<std::string_view> known) {
  constexpr std::array<std::string_view, 12> kEverywhere{
      "pretty",  "human",      "error_trace",        "filter_path",      "source",           "source_content_type",
      "routing", "preference", "ignore_unavailable", "allow_no_indices", "expand_wildcards", "timeout"};
  for (const auto& [name, value] : call.query.pairs()) {
    if (std::ranges::find(kEverywhere, name) != kEverywhere.end()) continue;
    if (std::ranges::find(known, name) != known.end()) continue;
    return invalid_argument("request contains unrecognized parameter: [" + name + "]");
  }
  if (call.query.find("source")) return invalid_argument("[source], a body as a parameter, is not known; send a body");
  return {};
}

Result<SearchRequest> parse_search(const Call& call, const Json& body, const Query::Context& context) {
  FW_TRY(check_search_parameters(call));
  SearchRequest request{.index = call.index};
  FW_TRY(read_body(body, context, request));
  FW_ASSIGN(auto as_text, query_of(call, body.contains("query"), context));
  if (as_text) request.query = *std::move(as_text);
  if (const auto slice = body.find("slice"); slice != body.end()) FW_TRY(read_slice(*slice, request.query));
  FW_TRY(read_parameters(call, body.contains("_source"), request));
  if (!request.pit.empty()) {
    FW_ASSIGN(request.index, index_of_point_in_time(request.pit));
    request.sort.break_ties();  // as if by _shard_doc
  }
  const auto after = body.find("search_after");
  if (after != body.end() && !after->is_null()) FW_TRY(request.sort.read_after(*after));
  if (request.from > SearchRequest::kMostHits || request.from + request.size > SearchRequest::kMostHits) {
    return invalid_argument(
        "Result window is too large, from + size must be less than or equal to: [10000]; use "
        "search_after or a scroll");
  }
  return request;
}

Result<Query> parse_selection(const Call& call, const Json& body, const Query::Context& context) {
  FW_TRY(check_parameters(call, {"q",
                                 "df",
                                 "default_operator",
                                 "analyze_wildcard",
                                 "analyzer",
                                 "lenient",
                                 "terminate_after",
                                 "conflicts",
                                 "refresh",
                                 "slices",
                                 "scroll",
                                 "scroll_size",
                                 "search_timeout",
                                 "search_type",
                                 "stats",
                                 "requests_per_second",
                                 "request_cache",
                                 "wait_for_active_shards",
                                 "wait_for_completion",
                                 "ignore_throttled"}));
  if (call.query.find("wait_for_completion") == "false") {
    return invalid_argument("[wait_for_completion] is true here: there are no tasks to look at later");
  }
  Query query;
  for (const auto& [key, value] : body.items()) {
    if (key == "query") {
      FW_ASSIGN(query, Query::parse(value, context));
    } else if (key != "conflicts" && key != "slice" && !is_without_effect(key)) {
      return invalid_argument("Unknown key: [" + key + "]");
    }
  }
  FW_ASSIGN(auto as_text, query_of(call, body.contains("query"), context));
  if (as_text) query = *std::move(as_text);
  if (const auto slice = body.find("slice"); slice != body.end()) FW_TRY(read_slice(*slice, query));
  return query;
}

}  // namespace fw::capture::elastic

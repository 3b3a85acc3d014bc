#include "capture/bulk/impl/search_request.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "capture/bulk/impl/point_in_time.h"

namespace fw::capture::elastic {
namespace {

using logstore::Order;

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

/// What a search may say that changes nothing here.
bool is_without_effect(std::string_view key) {
  constexpr std::array<std::string_view, 13> kKeys{
      "version", "seq_no_primary_term", "timeout",       "terminate_after", "track_scores", "profile", "explain",
      "stats",   "preference",          "stored_fields", "min_score",       "keep_alive",   "slice"};
  return std::ranges::find(kKeys, key) != kKeys.end();
}

Status read_sort_key(const std::string& name, const std::string& direction, bool is_first, SearchRequest& into) {
  if (direction != "asc" && direction != "desc")
    return invalid_argument("[sort] goes asc or desc, not [" + direction + "]");
  const auto field = parse_field(name);
  if (field.ok() && *field == Field::kTime) {
    if (!is_first) return invalid_argument("[sort] by [" + name + "] comes first");
    into.sorts_by_time = true;
    into.order = direction == "desc" ? Order::kNewestFirst : Order::kOldestFirst;
    return {};
  }
  if (name == "_score") return {};
  if (name == "_doc" || name == "_shard_doc" || name == "_seq_no" || (field.ok() && *field == Field::kId)) {
    into.breaks_ties = true;
    if (is_first) into.order = direction == "desc" ? Order::kNewestFirst : Order::kOldestFirst;
    return {};
  }
  return invalid_argument("No mapping found for [" + name + "] in order to sort on; timestamp, _doc and _id can be");
}

Status read_sort(const Json& sort, SearchRequest& into) {
  const Json list = sort.is_array() ? sort : Json::array({sort});
  bool is_first = true;
  for (const Json& key : list) {
    if (key.is_string()) {
      const std::string text = key.get<std::string>();
      const auto colon = text.find(':');
      FW_TRY(read_sort_key(text.substr(0, colon), colon == std::string::npos ? "asc" : text.substr(colon + 1), is_first,
                           into));
    } else if (key.is_object() && key.size() == 1) {
      const Json& value = key.begin().value();
      std::string direction = "asc";
      if (value.is_string()) direction = value.get<std::string>();
      if (value.is_object() && value.contains("order") && value["order"].is_string()) direction = value["order"];
      FW_TRY(read_sort_key(key.begin().key(), direction, is_first, into));
    } else {
      return invalid_argument("[sort] is a list of fields");
    }
    is_first = false;
  }
  return {};
}

/// Read after the sort, which says what the values are.
Status read_search_after(const Json& values, SearchRequest& into) {
  const std::size_t expected = (into.sorts_by_time ? 1U : 0U) + (into.breaks_ties ? 1U : 0U);
  if (!values.is_array() || values.size() != expected || expected == 0) {
    return invalid_argument("[search_after] has as many values as [sort] has fields");
  }
  std::size_t at = 0;
  if (into.sorts_by_time) {
    const Json& time = values[at++];
    const std::string text = time.is_string() ? time.get<std::string>() : time.dump();
    std::int64_t ms = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
    constexpr std::int64_t kLast = 9'000'000'000'000;
    if (error != std::errc{} || end != text.data() + text.size() || ms < 0 || ms > kLast) {
      return invalid_argument("[search_after] begins with a hit's own sort value, a time in milliseconds");
    }
    into.after_ms = ms;
  }
  if (into.breaks_ties) {
    if (!values[at].is_string()) return invalid_argument("[search_after] ends with a hit's own sort value, a text");
    into.after_id = values[at].get<std::string>();
  }
  return {};
}

Status read_total(const Json& value, SearchRequest& into) {
  if (value.is_boolean() || value == "true" || value == "false") {
    into.tells_total = value == true || value == "true";
    into.count_up_to = into.tells_total ? SIZE_MAX : 0;
    return {};
  }
  FW_ASSIGN(into.count_up_to, size_of(value, "track_total_hits"));
  return {};
}

Status read_body(const Json& body, const Query::Context& context, SearchRequest& into) {
  for (const auto& [key, value] : body.items()) {
    if (key == "query") {
      FW_ASSIGN(into.query, Query::parse(value, context));
    } else if (key == "sort") {
      FW_TRY(read_sort(value, into));
    } else if (key == "size") {
      FW_ASSIGN(into.size, size_of(value, "size"));
    } else if (key == "from") {
      FW_ASSIGN(into.from, size_of(value, "from"));
    } else if (key == "_source") {
      FW_ASSIGN(into.source, SourceFilter::parse(value));
    } else if (key == "track_total_hits") {
      FW_TRY(read_total(value, into));
    } else if (key == "aggs" || key == "aggregations") {
      FW_ASSIGN(into.aggregations, Aggregations::parse(value, context.whole_index));
    } else if (key == "pit") {
      if (!value.is_object() || !value.contains("id") || !value["id"].is_string())
        return invalid_argument("[pit] needs [id]");
      into.pit = value["id"].get<std::string>();
    } else if (key != "search_after" && !is_without_effect(key)) {
      return invalid_argument("Unknown key for a search: [" + key + "]");
    }
  }
  return {};
}

Status read_parameters(const net::QueryParams& query, SearchRequest& into) {
  if (query.find("q")) return invalid_argument("[q], a query as text, is not known; send a body with [query]");
  if (const auto size = query.find("size")) {
    FW_ASSIGN(into.size, size_of(std::string(*size), "size"));
  }
  if (const auto from = query.find("from")) {
    FW_ASSIGN(into.from, size_of(std::string(*from), "from"));
  }
  if (const auto total = query.find("track_total_hits")) FW_TRY(read_total(std::string(*total), into));
  if (const auto sort = query.find("sort")) {
    Json list = Json::array();
    std::string_view rest = *sort;
    while (!rest.empty()) {
      const auto comma = rest.find(',');
      list.push_back(std::string(rest.substr(0, comma)));
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    }
    FW_TRY(read_sort(list, into));
  }
  into.source = SourceFilter::of(query, std::move(into.source));
  return {};
}

}  // namespace

Result<SearchRequest> parse_search(const Call& call, const Json& body, const Query::Context& context) {
  SearchRequest request{.index = call.index};
  FW_TRY(read_body(body, context, request));
  FW_TRY(read_parameters(call.query, request));
  if (!request.pit.empty()) {
    FW_ASSIGN(request.index, index_of_point_in_time(request.pit));
    if (!request.breaks_ties && request.sorts_by_time) request.breaks_ties = true;  // as if by _shard_doc
  }
  const auto after = body.find("search_after");
  if (after != body.end() && !after->is_null()) FW_TRY(read_search_after(*after, request));
  if (request.from > SearchRequest::kMostHits || request.from + request.size > SearchRequest::kMostHits) {
    return invalid_argument(
        "Result window is too large, from + size must be less than or equal to: [10000]; use "
        "search_after or a scroll");
  }
  return request;
}

Result<Query> parse_selection(const Call& call, const Json& body, const Query::Context& context) {
  if (call.query.find("q")) return invalid_argument("[q], a query as text, is not known; send a body with [query]");
  Query query;
  for (const auto& [key, value] : body.items()) {
    if (key == "query") {
      FW_ASSIGN(query, Query::parse(value, context));
    } else if (key != "conflicts" && !is_without_effect(key)) {
      return invalid_argument("Unknown key: [" + key + "]");
    }
  }
  return query;
}

}  // namespace fw::capture::elastic

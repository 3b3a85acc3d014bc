#include "capture/bulk/impl/search.h"

#include "capture/bulk/impl/index_calls.h"
#include "capture/bulk/impl/packed_body.h"
#include "capture/bulk/impl/point_in_time.h"
#include "capture/bulk/impl/record_search.h"
#include "capture/bulk/impl/search_answer.h"

namespace fw::capture::elastic {
namespace {

constexpr std::size_t kMostGets = 10'000;

std::string milliseconds_since(const Clock& clock, Instant begin) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(clock.instant() - begin).count());
}

/// `{"took", "timed_out", "_shards", "hits": {...}` without its end.
std::string answer_begin(const std::string& took, const Found& found, const SearchRequest& request) {
  std::string out = R"({"took":)" + took + R"(,"timed_out":)" + (found.is_timed_out ? "true" : "false") + ',' +
                    std::string(kSearchShards) + R"(,"hits":{)";
  if (request.tells_total && request.tells_total_as_number) {
    out += R"("total":)" + std::to_string(found.total) + ',';
  } else if (request.tells_total) {
    out += R"("total":{"value":)" + std::to_string(found.total) + R"(,"relation":")" + (found.is_exact ? "eq" : "gte") +
           R"("},)";
  }
  return out + R"("max_score":null,"hits":[)" + found.hits + "]}";
}

std::string unknown_document(std::string_view index, std::string_view id) {
  return R"({"_index":)" + json_string(index) + R"(,"_id":)" + json_string(id) + R"(,"found":false})";
}

/// The document of a get: the hit's members, with `found` and a version.
std::string known_document(const record::Interaction& record, std::string_view whole, const SourceFilter& source) {
  std::string out = R"({"_index":)" + json_string(index_of(record, whole)) + R"(,"_id":)" + json_string(id_of(record)) +
                    R"(,"_version":1,"_seq_no":0,"_primary_term":1,"found":true)";
  if (!source.is_nothing()) {
    out += R"(,"_source":)";
    source.append(record, out);
  }
  return out + '}';
}

/// The document of a get that names an index which is not there.
std::string missing_index(std::string_view index, std::string_view id) {
  return R"({"_index":)" + json_string(index) + R"(,"_id":)" + json_string(id) + R"(,"error":)" +
         cause("index_not_found_exception", "no such index [" + std::string(index) + "]") + '}';
}

/// What a get shows, out of its parameters.
Result<SourceFilter> source_of_get(const Call& call) {
  FW_TRY(check_parameters(call, {"_source", "_source_includes", "_source_excludes", "realtime", "refresh", "version",
                                 "version_type", "force_synthetic_source"}));
  return SourceFilter::of(call.query, {});
}

}  // namespace

Result<Json> search_body_of(const Call& call) {
  FW_ASSIGN(const std::string text, unpacked_body(call, kMostSearchBody));
  return parse_object(text);
}

Answer not_parsed(const Error& error) {
  if (error.code == ErrorCode::kInvalidArgument) return refusal(400, "parsing_exception", error.message);
  return refusal(error);
}

Result<std::vector<std::string>> Search::names_of(const Call& call, const std::string& expression) const {
  const bool may_lack = call.has_flag("ignore_unavailable");
  FW_ASSIGN(auto names,
            indices_.resolve(expression, may_lack ? Indices::Missing::kPassedOver : Indices::Missing::kRefused));
  if (names.empty() && call.query.find("allow_no_indices") == "false") return not_found("no such index");
  return names;
}

Task<Answer> Search::on_search_pool(std::function<Answer()> work) {
  auto done = co_await run_if_room(dependencies_.search, [&work]() -> Result<Answer> { return work(); });
  co_return done.ok() ? std::move(*done) : refusal(429, "es_rejected_execution_exception", done.error().message);
}

Task<Answer> Search::search(Call call) {
  co_return co_await on_search_pool([this, &call] { return run_search(call); });
}

Answer Search::run_search(const Call& call) {
  const Instant begin = dependencies_.clock.instant();
  const auto body = search_body_of(call);
  if (!body.ok()) return not_parsed(body.error());
  auto request = parse_search(call, *body, context());
  if (!request.ok()) return not_parsed(request.error());
  if (call.query.find("scroll")) return begin_scroll(call, std::move(request).value(), to_text(*body));
  const auto names = names_of(call, request->index);
  if (!names.ok()) return no_such_index(request->index);
  const SearchScope scope{*names, indices_.whole()};
  const auto found = find_records(dependencies_.log, scope, *request, kMostHitBytes, call.deadline.within(kSearchTime));
  if (!found.ok()) return refusal(found.error());
  std::string text = answer_begin(milliseconds_since(dependencies_.clock, begin), *found, *request);
  if (!request->pit.empty()) text += R"(,"pit_id":)" + json_string(request->pit);
  if (!request->aggregations.empty()) {
    const auto aggregations = request->aggregations.to_json();
    if (!aggregations.ok()) return refusal(400, "too_many_buckets_exception", aggregations.error().message);
    text += R"(,"aggregations":)" + to_text(*aggregations);
  }
  return {.body = text + '}'};
}

Answer Search::begin_scroll(const Call& call, SearchRequest request, const std::string& body) {
  if (request.size == 0) return refusal(400, "illegal_argument_exception", "[size] cannot be [0] in a scroll context");
  if (request.from > 0)
    return refusal(400, "illegal_argument_exception", "using [from] is not allowed in a scroll context");
  if (!request.aggregations.empty() || request.sort.has_after()) {
    return refusal(400, "illegal_argument_exception", "a scroll has neither aggregations nor search_after");
  }
  if (request.sort.is_ranked()) {
    return refusal(400, "illegal_argument_exception",
                   "a scroll goes by timestamp or _doc; use search_after for [sort] by [_id]");
  }
  const auto names = names_of(call, request.index);
  if (!names.ok()) return no_such_index(request.index);
  const SearchScope scope{*names, indices_.whole()};
  const auto total = count_records(dependencies_.log, scope, request.query, call.deadline.within(kSearchTime));
  const Duration keep_alive = keep_alive_of(*call.query.find("scroll"));
  const auto id = scrolls_.open({.index = request.index,
                                 .body = body,
                                 .parameters = call.query,
                                 .now = dependencies_.clock.now(),
                                 .size = request.size,
                                 .total = total.ok() ? *total : 0,
                                 .is_exact = total.ok(),
                                 .cursor = std::nullopt},
                                keep_alive);
  if (!id.ok()) return refusal(id.error());
  return next_page(*id, keep_alive);
}

Answer Search::next_page(const std::string& id, Duration keep_alive) {
  const Instant begin = dependencies_.clock.instant();
  auto scroll = scrolls_.find(id);
  if (!scroll.ok()) return refusal(404, "search_context_missing_exception", scroll.error().message);
  const auto body = parse_object(scroll->body);
  if (!body.ok()) return not_parsed(body.error());
  const Call first{.index = scroll->index, .query = scroll->parameters};  // they are as good as its body
  auto request = parse_search(first, *body, {indices_.whole(), scroll->now});
  if (!request.ok()) return not_parsed(request.error());
  request->size = scroll->size;
  const auto names = names_of(first, scroll->index);
  if (!names.ok()) return no_such_index(scroll->index);
  const SearchScope scope{*names, indices_.whole()};
  std::optional<logstore::Cursor> after;
  if (scroll->cursor) after = logstore::Cursor{*scroll->cursor};
  auto found = scroll->is_at_end ? Result<Found>(Found{})
                                 : scroll_records(dependencies_.log, scope, *request, after, kMostHitBytes);
  if (!found.ok()) return not_parsed(found.error());
  found->total = scroll->total;
  found->is_exact = scroll->is_exact;
  scroll->is_at_end = !found->next;
  if (found->next) scroll->cursor = found->next->token;
  scrolls_.go_on(id, *scroll, keep_alive);
  const std::string text = answer_begin(milliseconds_since(dependencies_.clock, begin), *found, *request);
  return {.body = text + R"(,"_scroll_id":)" + json_string(id) + '}'};
}

Task<Answer> Search::scroll(Call call) {
  const auto body = search_body_of(call);
  if (!body.ok()) co_return not_parsed(body.error());
  std::string id = call.id.value_or("");
  std::string keep_alive;
  if (const auto parameter = call.query.find("scroll_id")) id = *parameter;
  if (const auto parameter = call.query.find("scroll")) keep_alive = *parameter;
  if (body->contains("scroll_id") && (*body)["scroll_id"].is_string()) id = (*body)["scroll_id"].get<std::string>();
  if (body->contains("scroll") && (*body)["scroll"].is_string()) keep_alive = (*body)["scroll"].get<std::string>();
  co_return co_await on_search_pool([&] { return next_page(id, keep_alive_of(keep_alive)); });
}

Task<Answer> Search::clear_scroll(Call call) {
  const auto body = search_body_of(call);
  if (!body.ok()) co_return not_parsed(body.error());
  Json ids = body->contains("scroll_id") ? (*body)["scroll_id"] : Json::array();
  if (call.id) ids = *call.id;
  if (!ids.is_array()) ids = Json::array({ids});
  std::size_t count = 0;
  for (const Json& id : ids) {
    if (id == "_all") {
      count += scrolls_.close_all();
    } else if (id.is_string() && scrolls_.close(id.get<std::string>())) {
      ++count;
    }
  }
  co_return Answer{.status = count > 0 ? 200 : 404,
                   .body = R"({"succeeded":true,"num_freed":)" + std::to_string(count) + '}'};
}

Task<Answer> Search::open_point_in_time(Call call) {
  if (!indices_.resolve(call.index).ok()) co_return no_such_index(call.index);
  const std::string id = json_string(make_point_in_time(call.index));
  co_return Answer{.body = R"({"id":)" + id + R"(,"pit_id":)" + id + ',' + std::string(kSearchShards) + '}'};
}

Task<Answer> Search::close_point_in_time(Call) { co_return Answer{.body = R"({"succeeded":true,"num_freed":1})"}; }

Task<Answer> Search::count(Call call) {
  co_return co_await on_search_pool([this, &call]() -> Answer {
    const auto body = search_body_of(call);
    if (!body.ok()) return not_parsed(body.error());
    const auto query = parse_selection(call, *body, context());
    if (!query.ok()) return not_parsed(query.error());
    const auto names = names_of(call, call.index);
    if (!names.ok()) return no_such_index(call.index);
    const auto count =
        count_records(dependencies_.log, {*names, indices_.whole()}, *query, call.deadline.within(kSearchTime));
    if (!count.ok()) return refusal(count.error());
    return {.body = R"({"count":)" + std::to_string(*count) + ',' + std::string(kSearchShards) + '}'};
  });
}

Task<Answer> Search::get_document(Call call) {
  co_return co_await on_search_pool([this, &call]() -> Answer {
    const auto source = source_of_get(call);
    if (!source.ok()) return not_parsed(source.error());
    const auto names = indices_.resolve(call.index);
    if (!names.ok()) return no_such_index(call.index);
    const auto found = find_by_id(dependencies_.log, {*names, indices_.whole()}, call.index, *call.id);
    if (!found.ok()) return refusal(found.error());
    if (!*found) return {.status = 404, .body = unknown_document(call.index, *call.id)};
    return {.body = known_document(**found, indices_.whole(), *source)};
  });
}

Task<Answer> Search::get_source(Call call) {
  co_return co_await on_search_pool([this, &call]() -> Answer {
    const auto source = source_of_get(call);
    if (!source.ok()) return not_parsed(source.error());
    const auto names = indices_.resolve(call.index);
    if (!names.ok()) return no_such_index(call.index);
    const auto found = find_by_id(dependencies_.log, {*names, indices_.whole()}, call.index, *call.id);
    if (!found.ok()) return refusal(found.error());
    if (!*found)
      return refusal(404, "resource_not_found_exception", "Document not found [" + call.index + "]/[" + *call.id + "]");
    std::string text;
    source->append(**found, text);
    return {.body = std::move(text)};
  });
}

Task<Answer> Search::multi_get(Call call) {
  co_return co_await on_search_pool([this, &call]() -> Answer {
    const auto body = search_body_of(call);
    if (!body.ok()) return not_parsed(body.error());
    const auto by_parameters = source_of_get(call);
    if (!by_parameters.ok()) return not_parsed(by_parameters.error());
    Json docs = body->contains("docs") ? (*body)["docs"] : Json::array();
    if (body->contains("ids") && (*body)["ids"].is_array()) {
      for (const Json& id : (*body)["ids"]) docs.push_back({{"_id", id}});
    }
    if (!docs.is_array() || docs.empty() || docs.size() > kMostGets) {
      return refusal(400, "action_request_validation_exception", "Validation Failed: 1: no documents to get;");
    }
    std::string out;
    for (const Json& doc : docs) {
      const auto one = get_one(call, doc, *by_parameters);
      if (!one.ok()) return not_parsed(one.error());
      out += (out.empty() ? "" : ",") + *one;
      if (out.size() > kMostHitBytes) return refusal(too_large("the documents have more than 256 MiB; ask for fewer"));
    }
    return {.body = R"({"docs":[)" + out + "]}"};
  });
}

Result<std::string> Search::get_one(const Call& call, const Json& doc, const SourceFilter& otherwise) const {
  if (!doc.is_object() || !doc.contains("_id")) return invalid_argument("[docs] need [_id]");
  SourceFilter source = otherwise;
  std::string index = call.index;
  for (const auto& [key, value] : doc.items()) {
    if (key == "_source") {
      FW_ASSIGN(source, SourceFilter::parse(value));
    } else if (key == "_index" && value.is_string()) {
      index = value.get<std::string>();
    } else if (key != "_id" && key != "routing" && key != "version" && key != "version_type") {
      return invalid_argument("unknown key of [docs]: [" + key + "]");
    }
  }
  const std::string id = doc["_id"].is_string() ? doc["_id"].get<std::string>() : doc["_id"].dump();
  const auto names = indices_.resolve(index);
  if (!names.ok()) return missing_index(index, id);
  FW_ASSIGN(const auto found, find_by_id(dependencies_.log, {*names, indices_.whole()}, index, id));
  return found ? known_document(*found, indices_.whole(), source) : unknown_document(index, id);
}

}  // namespace fw::capture::elastic

#include "api/traffic.h"

#include <nlohmann/json.hpp>

#include "api/answer.h"
#include "api/provenance_json.h"
#include "api/query_params.h"
#include "codec/json_slicer.h"
#include "traffic/search.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kMostFound = 500;

Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }
Json or_null(const std::optional<std::uint64_t>& number) { return number ? Json(*number) : Json(nullptr); }

std::uint64_t bytes_of(const record::Interaction& record) {
  if (record.outline) return record.outline->request_bytes + record.outline->response_bytes;
  return record.request.size() + record.response.size();
}

Json summary_json(const record::Interaction& record, const traffic::Exchange& exchange) {
  const auto& known = record.provenance;
  return {{"id", *record.id},
          {"timestamp", to_iso8601(record.timestamp)},
          {"workload_id", *record.workload},
          {"client_id", *record.client},
          {"class", or_null(exchange.label)},
          {"called", exchange.called},
          {"tools_offered", exchange.tools_offered},
          {"messages", exchange.messages},
          {"model_asked", or_null(exchange.model_asked)},
          {"model_answered", or_null(exchange.model_answered)},
          {"finish_reason", or_null(exchange.finish_reason)},
          {"is_error", exchange.is_error},
          {"ending", name_of(known.ending)},
          {"origin", name_of(known.origin)},
          {"asked", exchange.asked},
          {"answered", exchange.answered},
          {"prompt_tokens", or_null(exchange.prompt_tokens)},
          {"completion_tokens", or_null(exchange.completion_tokens)},
          {"seconds", known.total ? Json(std::chrono::duration<double>(*known.total).count()) : Json(nullptr)},
          {"bytes", bytes_of(record)},
          {"content_expired", exchange.content_expired ? Json(to_iso8601(*exchange.content_expired)) : Json(nullptr)}};
}

/// Captured bytes as a member of an answer: the JSON as it is, else the bytes as text. Nobody reads escapes twice.
void add_captured(std::string& out, const char* name, std::string_view bytes, codec::JsonSlicer& slicer) {
  out += std::string(",\"") + name + "\":";
  const bool is_json = bytes.find('\0') == std::string_view::npos && slicer.members(bytes).ok();
  out += is_json ? std::string(bytes) : dump(Json(bytes));
}

std::string whole_json(const record::Interaction& record) {
  Json head = summary_json(record, traffic::ExchangeReader().read(record));
  head["provenance"] = provenance_json(record.provenance);
  if (!record.has_content()) {
    head["request"] = nullptr;
    head["response"] = nullptr;
    return dump(head);
  }
  std::string body = dump(head);
  body.pop_back();
  codec::JsonSlicer slicer;
  add_captured(body, "request", record.request, slicer);
  add_captured(body, "response", record.response, slicer);
  return body + '}';
}

}  // namespace

void TrafficResource::add_to(net::Router& router) {
  router.on(net::Method::kGet, "/api/traffic", [this](net::Call call) { return list(std::move(call)); });
  router.on(net::Method::kGet, "/api/traffic/{id}", [this](net::Call call) { return one(std::move(call)); });
  for (const auto part : {&record::Interaction::request, &record::Interaction::response}) {
    router.on(net::Method::kGet,
              part == &record::Interaction::request ? "/api/traffic/{id}/request" : "/api/traffic/{id}/response",
              [this, part](net::Call call) { return bytes_of(std::move(call), part); });
  }
}

Task<Result<net::Response>> TrafficResource::list(net::Call call) {
  std::vector<FieldProblem> problems;
  const auto selection = query_selection(call.query, problems);
  const auto filter = query_filter(call.query, problems);
  traffic::SearchLimits limits;
  if (const auto limit = query_number(call.query, "limit", 1, kMostFound, problems))
    limits.found = static_cast<std::size_t>(*limit);
  if (!problems.empty()) co_return unprocessable(problems);
  std::optional<logstore::Cursor> after;
  if (const auto cursor = query_text(call.query, "cursor"); !cursor.empty()) after = logstore::Cursor{cursor};
  FW_CO_ASSIGN(const auto page,
               co_await run_on(disk_, [&] { return traffic::search(log_, selection, filter, after, limits, clock_); }));
  Json found = Json::array();
  for (const auto& each : page.found) found.push_back(summary_json(each.interaction, each.exchange));
  const Json body{{"interactions", std::move(found)},
                  {"scanned", page.scanned},
                  {"next_cursor", page.next ? Json(page.next->token) : Json(nullptr)}};
  co_return answer(200, body);
}

Result<record::Interaction> TrafficResource::find(const std::string& id) {
  auto parsed = record::RecordId::parse(id);
  if (!parsed.ok()) return invalid_argument("the id " + parsed.error().message);
  FW_ASSIGN(auto found, log_.find(*parsed));
  if (!found) return not_found("there is no interaction " + id + "; it may have been removed");
  return *std::move(found);
}

Task<Result<net::Response>> TrafficResource::one(net::Call call) {
  FW_CO_ASSIGN(auto body, co_await run_on(disk_, [&]() -> Result<std::string> {
                 FW_ASSIGN(const auto record, find(call.params.at("id")));
                 return whole_json(record);
               }));
  co_return net::json_response(200, std::move(body));
}

Task<Result<net::Response>> TrafficResource::bytes_of(net::Call call, std::string record::Interaction::* part) {
  FW_CO_ASSIGN(auto record, co_await run_on(disk_, [&] { return find(call.params.at("id")); }));
  if (record.outline) {
    co_return not_found("the content of interaction " + *record.id + " expired on " +
                        to_iso8601(record.outline->expired) + " (log_store.retention.content_days)");
  }
  auto response = net::json_response(200, std::move(record.*part));
  response.headers.set("X-Content-Type-Options", "nosniff");
  co_return response;
}

}  // namespace fw::api

#include "api/interactions.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "record/provenance_names.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json provenance_json(const record::Interaction& record) {
  const auto& p = record.provenance;
  Json out{{"id", *record.id}, {"origin", record::to_string(p.origin)}, {"ending", record::to_string(p.ending)}};
  if (p.http_status) out["http_status"] = *p.http_status;
  if (p.first_token) out["first_token_us"] = p.first_token->count();
  if (p.total) out["total_us"] = p.total->count();
  const std::pair<const char*, const std::string*> texts[] = {
      {"model_asked", &p.model_asked}, {"model_answered", &p.model_answered}, {"route", &p.route},
      {"variant", &p.variant},         {"conversation", &p.conversation},     {"key", &p.key}};
  for (const auto& [name, text] : texts) {
    if (!text->empty()) out[name] = *text;
  }
  for (const auto& tag : p.tags) out["tags"].push_back(tag.value.empty() ? tag.name : tag.name + "=" + tag.value);
  return out;
}

void append_document(std::string& out, const record::Interaction& record, bool has_content) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(record.timestamp.time_since_epoch());
  Json head{{"timestamp", static_cast<double>(micros.count()) * 1e-6},
            {"workload_id", *record.workload},
            {"client_id", *record.client},
            {"flywheel", provenance_json(record)}};
  std::string text = dump(head);
  if (!has_content) {
    out += text;
    return;
  }
  text.pop_back();  // request and response stand behind, byte for byte
  out.append(text).append(",\"request\":").append(record.request);
  out.append(",\"response\":").append(record.response).append("}");
}

template <class Number>
Status read_number(const net::QueryParams& query, const char* name, Number least, Number most, Number& out) {
  const auto text = query.find(name);
  if (!text) return {};
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), out);
  if (error == std::errc{} && end == text->data() + text->size() && out >= least && out <= most) return {};
  return invalid_argument(std::string(name) + " must be a number from " + Json(least).dump() + " to " +
                          Json(most).dump());
}

Result<logstore::Selection> selection_of(const net::QueryParams& query) {
  logstore::Selection selection;
  if (const auto workload = query.find("workload_id")) {
    FW_ASSIGN(selection.workload, record::WorkloadId::parse(std::string(*workload)));
  }
  if (const auto client = query.find("client_id")) {
    FW_ASSIGN(selection.client, record::ClientId::parse(std::string(*client)));
  }
  double from = 0;
  FW_TRY(read_number(query, "from", 0.0, 1e10, from));
  if (from > 0) selection.from = Timestamp(std::chrono::microseconds(std::llround(from * 1e6)));
  return selection;
}

}  // namespace

void InteractionsResource::add_to(net::Router& router) {
  router.on(net::Method::kGet, "/api/interactions", [this](net::Call call) { return list(std::move(call)); });
}

Task<Result<net::Response>> InteractionsResource::list(net::Call call) {
  FW_CO_ASSIGN(const auto selection, selection_of(call.query));
  std::size_t limit = 100;
  FW_CO_TRY(read_number(call.query, "limit", std::size_t{1}, kMaxPage, limit));
  std::optional<logstore::Cursor> after;
  if (const auto token = call.query.find("after")) after = logstore::Cursor{std::string(*token)};
  FW_CO_ASSIGN(const auto page, co_await run_on(disk_, [&] {
                 return log_.scan(selection, logstore::Order::kNewestFirst, limit, after);
               }));
  const bool has_content = call.query.find("content") != "false";
  std::string body = "{\"interactions\":[";
  for (std::size_t i = 0; i < page.records.size(); ++i) {
    if (i > 0) body += ',';
    append_document(body, page.records[i], has_content);
  }
  body += "],\"next\":";
  body += page.next ? dump(Json(page.next->token)) : "null";
  body += "}";
  co_return net::json_response(200, std::move(body));
}

}  // namespace fw::api

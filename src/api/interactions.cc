#include "api/interactions.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "api/answer.h"
#include "capture/log_document.h"
#include "capture/timestamp.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

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
  FW_TRY(read_number(query, "from", 0.0, to_seconds(capture::kLastTime.time_since_epoch()), from));
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
  FW_CO_ASSIGN(const auto page,
               co_await log_.scan(selection, logstore::Order::kNewestFirst, limit, after, call.deadline));
  const auto contents = call.query.find("content") != "false" ? capture::Contents::kWhole : capture::Contents::kNone;
  std::string body = "{\"interactions\":[";
  for (std::size_t i = 0; i < page.records.size(); ++i) {
    if (i > 0) body += ',';
    body += capture::to_log_document(page.records[i], contents);
  }
  body += "],\"next\":";
  body += page.next ? dump(Json(page.next->token)) : "null";
  body += "}";
  co_return net::json_response(200, std::move(body));
}

}  // namespace fw::api

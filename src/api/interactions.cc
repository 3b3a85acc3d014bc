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

capture::Contents contents_of(const net::QueryParams& query) {
  return query.find("content") != "false" ? capture::Contents::kWhole : capture::Contents::kNone;
}

/// `"interactions":[...]`
class DocumentList {
 public:
  explicit DocumentList(capture::Contents contents) : contents_(contents) {}
  void add(const record::Interaction& record) {
    if (text_.back() != '[') text_ += ',';
    text_ += capture::to_log_document(record, contents_);
  }
  [[nodiscard]] std::string finish() && { return std::move(text_) + ']'; }

 private:
  capture::Contents contents_;
  std::string text_ = "\"interactions\":[";
};

}  // namespace

void InteractionsResource::add_to(net::Router& router) {
  router.on(net::Method::kGet, "/api/interactions", [this](net::Call call) { return list(std::move(call)); });
}

Task<Result<net::Response>> InteractionsResource::list(net::Call call) {
  FW_CO_ASSIGN(const auto selection, selection_of(call.query));
  std::size_t limit = 100;
  FW_CO_TRY(read_number(call.query, "limit", std::size_t{1}, kMaxPage, limit));
  if (const auto mark = call.query.find("arrived_after")) {
    if (arrivals_ == nullptr) co_return invalid_argument("arrived_after has no effect here: nobody notes what arrives");
    std::string copy(*mark);
    co_return co_await follow(std::move(call), std::move(copy), selection, limit);
  }
  // Before the records are read: none that comes in between is missed by who goes on behind it.
  const std::string arrived = arrivals_ == nullptr ? "" : ",\"arrived\":" + dump(Json(arrivals_->mark()));
  std::optional<logstore::Cursor> after;
  if (const auto token = call.query.find("after")) after = logstore::Cursor{std::string(*token)};
  FW_CO_ASSIGN(const auto page,
               co_await log_.scan(selection, logstore::Order::kNewestFirst, limit, after, call.deadline));
  DocumentList documents(contents_of(call.query));
  for (const auto& record : page.records) documents.add(record);
  std::string body = '{' + std::move(documents).finish() + ",\"next\":";
  body += page.next ? dump(Json(page.next->token)) : "null";
  co_return net::json_response(200, body + arrived + '}');
}

Task<Result<net::Response>> InteractionsResource::follow(net::Call call, std::string mark,
                                                         logstore::Selection selection, std::size_t limit) {
  FW_CO_ASSIGN(const auto since, arrivals_->since(mark, selection, limit));
  std::vector<record::RecordId> ids;
  for (const auto& arrival : since.arrivals) ids.push_back(arrival.id);
  std::vector<std::optional<record::Interaction>> records;
  if (!ids.empty()) {
    FW_CO_ASSIGN(records, co_await log_.find_batch(std::move(ids), call.deadline));
  }
  DocumentList documents(contents_of(call.query));
  for (const auto& record : records) {
    if (record) documents.add(*record);  // or it has been erased since
  }
  // As many as the memory of one read holds.
  const bool is_all = records.size() == since.arrivals.size();
  const std::string& arrived = is_all ? since.mark : since.arrivals.at(records.size() - 1).mark;
  std::string body = '{' + std::move(documents).finish() + ",\"next\":null,\"arrived\":" + dump(Json(arrived));
  body += ",\"missed\":" + (since.missed ? std::to_string(*since.missed) : "null") + ",\"has_more\":";
  body += is_all && since.arrivals.size() < limit ? "false" : "true";
  co_return net::json_response(200, body + '}');
}

}  // namespace fw::api

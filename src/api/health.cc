#include "api/health.h"

#include "api/answer.h"
#include "api/waiting.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace fw::api {

using Json = nlohmann::ordered_json;

namespace {

Task<Result<net::Response>> answer(net::Response response) { co_return response; }

}  // namespace

HealthResource::HealthResource(std::function<Status()> readiness, std::function<std::vector<ListenerState>()> listeners,
                               const logstore::LogStore& log, const Clock& clock, RunningOut running_out)
    : readiness_(std::move(readiness)),
      listeners_(std::move(listeners)),
      log_(log),
      clock_(clock),
      running_out_(std::move(running_out)) {}

void HealthResource::add_to(net::Router& router) {
  router.on(net::Method::kGet, "/healthz",
            [](net::Call) { return answer(net::json_response(200, R"({"status":"ok"})")); });
  router.on(net::Method::kGet, "/readyz", [this](net::Call) { return answer(ready()); });
}

net::Response HealthResource::ready() const {
  const Status status = readiness_();
  Json body = status.ok() ? Json{{"status", "ok"}} : Json{{"detail", status.error().message}};
  if (listeners_) {
    Json list = Json::array();
    for (const auto& listener : listeners_()) {
      Json one{{"name", listener.name}, {"url", nullptr}, {"trouble", nullptr}};
      if (!listener.url.empty()) one["url"] = listener.url;
      if (!listener.trouble.empty()) one["trouble"] = listener.trouble;
      list.push_back(std::move(one));
    }
    if (!list.empty()) body["listeners"] = std::move(list);
  }
  for (const auto& damage : log_.damage()) {
    body["damage"].push_back({{"kept", damage.kept.filename().string()},
                              {"reason", damage.reason},
                              {"damaged_bytes", damage.bytes},
                              {"lost_records", damage.lost_records},
                              {"lost_is_at_least", damage.is_at_least}});
  }
  if (const auto space = running_out_ ? running_out_() : std::nullopt) {
    if (status.ok()) {
      body["status"] = "degraded";
      body["detail"] = "the disk of the data folder runs out of space: " + std::to_string(space->available >> 20) +
                       " of " + std::to_string(space->capacity >> 20) +
                       " MiB are free; free some, or move the folder to a larger disk (--data), before records and " +
                       "jobs are refused";
    }
    body["space"] = {{"available_bytes", space->available}, {"capacity_bytes", space->capacity}};
  }
  add_waiting(body, log_, clock_.now());
  return answer(status.ok() ? 200 : 503, body);
}

}  // namespace fw::api

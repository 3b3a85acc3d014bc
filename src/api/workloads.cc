#include "api/workloads.h"

#include "api/answer.h"
#include "api/waiting.h"

#include <nlohmann/json.hpp>

namespace fw::api {

using Json = nlohmann::ordered_json;

WorkloadsResource::WorkloadsResource(logstore::LogStore& log, Pool& disk, const Clock& clock)
    : store_(log), log_(log, disk), clock_(clock) {}

void WorkloadsResource::add_to(net::Router& router) {
  router.on(net::Method::kGet, "/api/workloads", [this](net::Call call) { return list(std::move(call)); });
}

Task<Result<net::Response>> WorkloadsResource::list(net::Call call) {
  FW_CO_ASSIGN(const auto workloads, co_await log_.workloads(call.deadline));
  Json out = Json::array();
  for (const auto& w : workloads) {
    out.push_back({{"workload_id", *w.workload},
                   {"client_id", *w.client},
                   {"records", w.records},
                   {"oldest", to_iso8601(w.oldest)},
                   {"newest", to_iso8601(w.newest)}});
  }
  Json body{{"workloads", std::move(out)}};
  add_waiting(body, store_, clock_.now());
  co_return answer(200, body);
}

}  // namespace fw::api

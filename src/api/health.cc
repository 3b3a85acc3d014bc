#include "api/health.h"

namespace fw::api {
namespace {

Task<Result<net::Response>> answer(Status status) {
  if (!status.ok()) co_return net::detail_response(503, status.error().message);
  co_return net::json_response(200, R"({"status":"ok"})");
}

}  // namespace

HealthResource::HealthResource(std::function<Status()> readiness) : readiness_(std::move(readiness)) {}

void HealthResource::add_to(net::Router& router) {
  router.on(net::Method::kGet, "/healthz", [](net::Call) { return answer(Status{}); });
  router.on(net::Method::kGet, "/readyz", [this](net::Call) { return answer(readiness_()); });
}

}  // namespace fw::api

#include "api/routes.h"

#include "io/file.h"

namespace fw::api {
namespace {

Error no_gateway() { return not_found("there is no gateway: the configuration has no gateway.upstreams"); }

}  // namespace

void RoutesResource::add_to(net::Router& router) {
  router.on(net::Method::kGet, "/api/routes", [this](net::Call call) { return get(std::move(call)); });
  router.on(net::Method::kPut, "/api/routes", [this](net::Call call) { return put(std::move(call)); });
}

Task<Result<net::Response>> RoutesResource::get(net::Call) {
  if (gateway_ == nullptr) co_return no_gateway();
  co_return net::json_response(200, gateway_->routes()->to_json());
}

Task<Result<net::Response>> RoutesResource::put(net::Call call) {
  if (gateway_ == nullptr) co_return no_gateway();
  FW_CO_ASSIGN(auto routes, capture::RouteTable::parse(call.request.body));
  FW_CO_ASSIGN(const auto table, capture::RouteTable::make(routes, gateway_->settings().upstreams));
  const std::string json = table->to_json();
  // On disk first: what was answered holds after a restart too.
  FW_CO_TRY(co_await run_on(disk_, [&] { return io::write_file_atomically(file_, json); }));
  FW_CO_TRY(gateway_->set_routes(std::move(routes)));
  co_return net::json_response(200, json);
}

}  // namespace fw::api

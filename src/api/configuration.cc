#include "api/configuration.h"

namespace fw::api {
namespace {

Task<Result<net::Response>> answer(std::string json) { co_return net::json_response(200, std::move(json)); }

}  // namespace

void ConfigurationResource::add_to(net::Router& router) {
  router.on(net::Method::kGet, "/api/configuration",
            [this](net::Call) { return answer(json_ ? json_() : R"({"file":null,"settings":[],"warnings":[]})"); });
}

}  // namespace fw::api

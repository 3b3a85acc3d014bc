#include "capture/gateway/impl/openai_error.h"

#include <nlohmann/json.hpp>

namespace fw::capture {

net::Response openai_error(int status, std::string_view code, std::string_view message) {
  nlohmann::ordered_json error{{"message", message},
                               {"type", status < 500 ? "invalid_request_error" : "gateway_error"},
                               {"param", nullptr},
                               {"code", code}};
  const nlohmann::ordered_json body{{"error", std::move(error)}};
  return net::json_response(status, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace fw::capture

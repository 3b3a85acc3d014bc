#include "api/answer.h"

#include <nlohmann/json.hpp>

namespace fw::api {

std::string dump(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

net::Response answer(int status, const nlohmann::ordered_json& body) { return net::json_response(status, dump(body)); }

}  // namespace fw::api

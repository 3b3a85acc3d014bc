#include "modelops/local/impl/endpoint_check.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "net/url.h"

namespace fw::modelops {
namespace {

constexpr auto kPatience = std::chrono::seconds(15);

Status judge(const std::string& url, const Endpoint& endpoint, const net::Response& response) {
  if (response.status == 401 || response.status == 403) {
    return unauthorized(url + " refuses our key; put a valid one into the environment variable " +
                        (endpoint.api_key_env.empty() ? "that api_key_env names" : endpoint.api_key_env));
  }
  if (response.status == 404 || response.status == 405) return {};
  if (!response.is_success()) return net::status_error(url, response);
  if (nlohmann::json::accept(response.body)) return {};
  return unavailable(url +
                     " answers, but not with JSON; is it the base URL of an OpenAI-compatible server (ending in /v1)?");
}

}  // namespace

Task<Status> check_endpoint(net::Client& client, Endpoint endpoint, Deadline deadline) {
  net::Request request{.target = net::join_url(endpoint.url, "/models")};
  if (!endpoint.api_key_env.empty()) {
    const char* key = std::getenv(endpoint.api_key_env.c_str());
    if (key == nullptr || *key == '\0') {
      co_return failed_precondition("environment variable " + endpoint.api_key_env + ", which holds the key of " +
                                    endpoint.url + ", is not set");
    }
    request.headers.set("Authorization", std::string("Bearer ") + key);
  }
  const std::string url = request.target;
  const auto response = co_await client.send(std::move(request), deadline.within(kPatience));
  if (!response.ok()) co_return response.error().within("endpoint " + endpoint.url + " cannot be used");
  co_return judge(url, endpoint, *response);
}

}  // namespace fw::modelops

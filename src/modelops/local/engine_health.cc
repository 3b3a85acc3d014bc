#include "modelops/local/engine_health.h"

#include <string_view>

namespace fw::modelops {

Task<Status> check_engine_health(net::Client& client, Endpoint endpoint, Deadline deadline) {
  constexpr std::string_view kVersion = "/v1";
  std::string origin = endpoint.url;
  if (origin.ends_with(kVersion)) origin.resize(origin.size() - kVersion.size());
  const auto answer = co_await client.send({.target = origin + "/health"}, std::move(deadline));
  if (!answer.ok()) co_return answer.error().within("GET /health");
  if (answer->status == 200) co_return Status{};
  co_return unavailable("GET /health: HTTP " + std::to_string(answer->status));
}

}  // namespace fw::modelops

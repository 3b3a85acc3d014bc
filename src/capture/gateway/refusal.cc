#include "capture/gateway/refusal.h"

#include <nlohmann/json.hpp>

#include "capture/gateway/impl/openai_error.h"

namespace fw::capture {
namespace {

struct Words {
  const char* openai;     // `code` of the error
  const char* anthropic;  // `type` of the error
};

Words words_of(const auth::Refusal& refusal) {
  const int status = refusal.status;
  if (refusal.is_other_site) return {"cross_site_request", "permission_error"};
  if (status == 401) return {"invalid_api_key", "authentication_error"};
  if (status == 403) return {"key_not_allowed", "permission_error"};
  if (status == 503) return {"stopping", "api_error"};
  return {"rate_limit_exceeded", "rate_limit_error"};
}

net::Response anthropic_error(int status, const char* type, std::string_view message) {
  const nlohmann::ordered_json body{{"type", "error"}, {"error", {{"type", type}, {"message", message}}}};
  return net::json_response(status, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

net::Response refusal_of(std::string_view path, const auth::Refusal& refusal) {
  const Words words = words_of(refusal);
  const bool is_anthropic = path == "/v1/messages" || path.starts_with("/v1/messages/");
  net::Response response = is_anthropic ? anthropic_error(refusal.status, words.anthropic, refusal.message)
                                        : openai_error(refusal.status, words.openai, refusal.message);
  if (refusal.status == 429 || refusal.status == 503) response.headers.set("Retry-After", refusal.retry_after());
  return response;
}

}  // namespace fw::capture

#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "async/task.h"
#include "base/clock.h"

namespace fw::runs {

struct WebhookRequest {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

/// Sends one POST. The form with a network is in the composition root's reach; tests have their own.
class WebhookPoster {
 public:
  virtual ~WebhookPoster() = default;
  /// The answer's HTTP status, whatever it is; an error when there was no answer by the deadline.
  [[nodiscard]] virtual Task<Result<int>> post(WebhookRequest request, Deadline deadline) = 0;
};

/// The headers of one attempt: content type, delivery id, `X-Flywheel-Timestamp` (seconds since 1970) and
/// `X-Flywheel-Signature: sha256=` HMAC-SHA256(secret, timestamp + "." + body) in hex. A receiver computes the same,
/// compares in constant time, and refuses timestamps older than five minutes.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> sign_webhook(const std::string& secret,
                                                                            const std::string& delivery_id,
                                                                            Timestamp now, const std::string& body);

}  // namespace fw::runs

#pragma once

#include "runs/webhook.h"

namespace fw::net {
class Client;
}

namespace fw::runs {

/// Webhooks over HTTP. The client outlives it. Redirects are not followed: a redirect is an answer that is no 2xx.
class HttpWebhookPoster final : public WebhookPoster {
 public:
  explicit HttpWebhookPoster(net::Client& client) : client_(client) {}

  [[nodiscard]] Task<Result<int>> post(WebhookRequest request, Deadline deadline) override;

 private:
  net::Client& client_;
};

}  // namespace fw::runs

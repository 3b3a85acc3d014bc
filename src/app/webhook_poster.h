#pragma once

#include "net/client.h"
#include "runs/webhook.h"

namespace fw::app {

/// Posts webhooks over the network. The client must outlive it.
class NetWebhookPoster final : public runs::WebhookPoster {
 public:
  explicit NetWebhookPoster(net::Client& client) : client_(client) {}
  Task<Result<int>> post(runs::WebhookRequest request, Deadline deadline) override;

 private:
  net::Client& client_;
};

}  // namespace fw::app

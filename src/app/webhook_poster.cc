#include "app/webhook_poster.h"

namespace fw::app {

Task<Result<int>> NetWebhookPoster::post(runs::WebhookRequest request, Deadline deadline) {
  net::Request post;
  post.method = net::Method::kPost;
  post.target = std::move(request.url);
  for (auto& [name, value] : request.headers) post.headers.set(name, std::move(value));
  post.body = std::move(request.body);
  FW_CO_ASSIGN(const net::Response response, co_await client_.send(std::move(post), deadline));
  co_return response.status;
}

}  // namespace fw::app

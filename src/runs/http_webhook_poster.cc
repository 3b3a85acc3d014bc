#include "runs/http_webhook_poster.h"

#include "net/client.h"

namespace fw::runs {

Task<Result<int>> HttpWebhookPoster::post(WebhookRequest request, Deadline deadline) {
  net::Request http{.method = net::Method::kPost, .target = std::move(request.url)};
  for (auto& [name, value] : request.headers) http.headers.set(name, std::move(value));
  http.body = std::move(request.body);
  auto answer = co_await client_.send(std::move(http), deadline);
  if (!answer.ok()) co_return answer.error();
  co_return answer->status;
}

}  // namespace fw::runs

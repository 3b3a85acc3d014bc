#pragma once

#include <memory>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/random.h"
#include "evals/answer.h"
#include "modelops/model.h"
#include "modelops/openai/chat_endpoint.h"
#include "net/client.h"
#include "net/retry.h"

namespace fw::evals {

/// How one question to a model went.
struct ChatReply {
  Result<Answer> answer = internal("no attempt was made");
  double latency_seconds = 0;  ///< of the attempt that succeeded, or of the last one where that timed out
  int attempts = 0;
  bool is_endpoint_down = false;  ///< failed for a reason that may hit every request: no connection, time-out, 5xx, 429
};

/// An OpenAI-compatible endpoint (modelops/openai) that answers chat completions, with retries. Used from one strand;
/// client and clock must outlive it.
class Chat final {
 public:
  /// kFailedPrecondition when the variable that should hold the key is not set, kInvalidArgument for a malformed URL or
  /// key.
  [[nodiscard]] static Result<std::unique_ptr<Chat>> make(const modelops::Endpoint& endpoint, net::Client& client,
                                                          net::RetryPolicy policy, const Clock& clock, Random random);
  Chat(const Chat&) = delete;
  Chat& operator=(const Chat&) = delete;

  /// The address that is asked, without what may be secret in it.
  [[nodiscard]] std::string url() const { return endpoint_->shown_url(); }
  /// Whole sentences for the report: what the endpoint does not take, and what was sent instead. Grows.
  [[nodiscard]] std::vector<std::string> notes() const { return endpoint_->notes(); }

  /// Sends the body until it is answered, the policy gives up, or the deadline ends. An answer cut short counts as a
  /// connection that failed. Errors name no row and no time, so that equal failures read equal, and hold no key.
  [[nodiscard]] Task<ChatReply> ask(std::string body, Deadline deadline);

 private:
  Chat(std::unique_ptr<modelops::ChatEndpoint> endpoint, net::RetryPolicy policy, const Clock& clock, Random random);
  [[nodiscard]] Task<modelops::ChatExchange> attempt(std::string body, Deadline deadline);

  std::unique_ptr<modelops::ChatEndpoint> endpoint_;
  net::RetryPolicy policy_;
  const Clock& clock_;
  Random random_;
};

}  // namespace fw::evals

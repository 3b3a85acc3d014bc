#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/clock.h"
#include "modelops/model.h"
#include "modelops/openai/credentials.h"
#include "net/client.h"

namespace fw::modelops {

/// How one chat completion went.
struct ChatExchange {
  /// A success's body is a chat completion, or an error object; never an event stream, never compressed. Any other
  /// status is what the endpoint answered. Errors are the client's.
  Result<net::Response> outcome = internal("nothing was sent");
  double latency_seconds = 0;  ///< of the request that was answered so
};

/// Chat completions of one OpenAI-compatible server, candidate or judge, as they are really offered: it finds the
/// address behind the base that the provider gives (endpoint_url.h), sends the key and what headers and query say,
/// applies the overrides, and learns from errors which parameters this server does not take. What it learnt holds for
/// all later requests; notes() says it. A change is kept only when it led to an answer, and a parameter that the server
/// has taken once is not learnt as refused: the error is that request's own then.
///
/// Used from one strand, by any number of its coroutines; client and clock must outlive it.
class ChatEndpoint final {
 public:
  /// kFailedPrecondition or kInvalidArgument for a key that cannot be had (credentials.h) or a malformed url.
  [[nodiscard]] static Result<std::unique_ptr<ChatEndpoint>> make(Endpoint endpoint, net::Client& client,
                                                                  const Clock& clock,
                                                                  const Variables& variables = process_variables());
  ~ChatEndpoint();
  ChatEndpoint(const ChatEndpoint&) = delete;
  ChatEndpoint& operator=(const ChatEndpoint&) = delete;

  /// Sends the body of a chat completion; `patience` bounds each of the requests that this takes.
  [[nodiscard]] Task<ChatExchange> send(std::string body, std::optional<Duration> patience, Deadline deadline);

  /// The error of an answer that is no success, or of one that is no JSON: by its cause, with what to change.
  [[nodiscard]] Error error_of(const net::Response& response) const;
  /// An error of others about this endpoint without key material.
  [[nodiscard]] Error without_keys(Error error) const;

  /// The address that is asked, as it may be shown.
  [[nodiscard]] std::string shown_url() const;
  /// Its list of models, and the headers that identify us.
  [[nodiscard]] net::Request models_request() const;
  /// Whole sentences about what was sent otherwise than asked; grows while requests are answered.
  [[nodiscard]] std::vector<std::string> notes() const;

 private:
  struct Impl;
  explicit ChatEndpoint(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::modelops

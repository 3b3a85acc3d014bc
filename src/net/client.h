#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "net/body.h"
#include "net/http.h"
#include "net/proxy.h"
#include "net/tls.h"

namespace fw::net {

struct ClientOptions {
  ClientTls tls;
  std::optional<Proxy> proxy;  ///< all requests go through it
  std::string user_agent = "flywheel";
  Duration connect_timeout = std::chrono::seconds(10);  ///< resolve, connect and handshake
  /// Longest silence while an answer is awaited or comes in. Long, because a model thinks before its first token.
  Duration read_timeout = std::chrono::minutes(10);
  Duration write_timeout = std::chrono::seconds(60);  ///< longest standstill while the request goes out
  std::size_t max_header_bytes = 64 * 1024;
  std::size_t max_body_bytes = std::size_t{64} << 20;  ///< of a whole answer (`send`); a stream has no limit
  /// Exchanges with one origin at a time; more wait in turn, as long as their deadline lets them.
  std::size_t max_per_origin = SIZE_MAX;
  std::size_t max_idle_per_origin = 32;
  /// A kept connection that ends without an answer within this time and a round trip had been closed before the request
  /// came; later the server took the request and may have worked on it.
  Duration stale_within = std::chrono::milliseconds(50);
  /// Shorter than the 5 s after which common servers hang up.
  Duration idle_timeout = std::chrono::seconds(4);
};

/// An answer whose body is still coming, while the end of a long request may still be going out. Destroying it before
/// the end closes the connection; read to the end, the connection goes back to the pool. May outlive its client.
class ResponseStream final : public BodyReader {
 public:
  struct Impl;
  explicit ResponseStream(std::unique_ptr<Impl> impl);
  ~ResponseStream() override;

  [[nodiscard]] const ResponseHead& head() const;
  Task<Result<std::optional<std::string>>> next(Deadline deadline) override;
  /// The whole body where it has come with the head, so that both can be passed on at once; nullopt where more is to
  /// come, or something was taken before. Only on the executor that opened the stream.
  [[nodiscard]] std::optional<std::string> take_if_whole();

 private:
  std::unique_ptr<Impl> impl_;
};

/// How one request goes out.
struct Sending {
  /// Whatever its method says, as if it bore an Idempotency-Key: it is sent again where a kept connection turns out to
  /// have been closed.
  bool may_repeat = false;
  /// Becomes true once bytes of it may have reached the server. Outlives the task.
  bool* has_left = nullptr;
};

/// What takes an answer while its request is still being sent.
using AnswerReader = std::function<Task<Status>(ResponseStream& answer, Deadline deadline)>;

/// Sends HTTP/1.1 requests and keeps connections for the next ones. Awaitable from any executor and any number of
/// coroutines at once; a call made on a strand or an event loop stays there (on a loop its sockets too), others get a
/// strand of their own. The client must outlive its calls, and the context of `executor`, which must be running,
/// outlives the client. It follows no redirects and reads no environment.
///
/// Any status is a success here: look at Response::status. Errors: kInvalidArgument (URL or headers), kUnavailable
/// (resolve, connect, reset, certificate), kDeadlineExceeded, kCancelled, kDataLoss (not HTTP, cut short), kTooLarge. A
/// stop of the deadline's token ends any wait at once, from any thread. A request whose kept connection ends at once
/// (`stale_within`), before anything came back, is sent once more on a fresh one if it is idempotent (or bears an
/// Idempotency-Key) and held whole.
class Client final {
 public:
  explicit Client(Executor executor, ClientOptions options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// The whole answer.
  [[nodiscard]] Task<Result<Response>> send(Request request, Deadline deadline);
  /// The head of the answer; its body is read piece by piece.
  [[nodiscard]] Task<Result<std::unique_ptr<ResponseStream>>> open(Request request, Deadline deadline,
                                                                   Sending sending = {});
  /// Both ways at once: sends `body` piece by piece (chunked, unless the headers bear a Content-Length; `request.body`
  /// is not used) while `read` takes the answer, so that neither side waits for the other to be done. Returns when both
  /// have ended: an answer that is read ends the sending, a `body` that fails ends the reading (its error then).
  /// `body` must outlive the task.
  [[nodiscard]] Task<Status> exchange(Request request, BodyReader& body, AnswerReader read, Deadline deadline);

  /// Connections kept for reuse at this moment.
  [[nodiscard]] std::size_t idle_connections() const;

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace fw::net

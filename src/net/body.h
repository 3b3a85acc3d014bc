#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "async/task.h"
#include "net/http.h"

namespace fw::net {

/// A body that comes in pieces. Reading is what makes the peer send: while nobody asks, at most one buffer (16 KiB) and
/// what the kernel holds is in memory. One `next` at a time.
class BodyReader {
 public:
  BodyReader() = default;
  BodyReader(const BodyReader&) = delete;
  BodyReader& operator=(const BodyReader&) = delete;
  virtual ~BodyReader() = default;

  /// The next piece, never empty; nullopt at the end, and again after it. After an error the body is lost: kCancelled
  /// or kDeadlineExceeded (the deadline's, or the idle limit between pieces), kUnavailable (the peer hung up),
  /// kDataLoss (malformed), kTooLarge.
  [[nodiscard]] virtual Task<Result<std::optional<std::string>>> next(Deadline deadline) = 0;
};

/// The rest of the body in one piece. kTooLarge once it exceeds `limit` bytes. `body` must outlive the task.
[[nodiscard]] Task<Result<std::string>> read_all(BodyReader& body, std::size_t limit, Deadline deadline);

/// A body out of memory, in pieces of at most `piece` bytes.
class StringBody final : public BodyReader {
 public:
  explicit StringBody(std::string bytes, std::size_t piece = 16 * 1024) : bytes_(std::move(bytes)), piece_(piece) {}
  Task<Result<std::optional<std::string>>> next(Deadline deadline) override;

 private:
  std::string bytes_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

/// How a handler answers: either `send` once, or `start`, any number of `write`, `finish`. A write ends when the kernel
/// has taken the bytes: a slow client slows the handler (backpressure). With a Content-Length in the head the body is
/// sent as it is and must have that length; otherwise it is chunked. An answer to HEAD ends with its head: every
/// `write` after it fails with kCancelled.
///
/// When the request's own deadline is over (the server stops), `send` and `finish` under that deadline still go out,
/// `start` and `write` do not; a last event wants a deadline of its own. A stop of another token cuts the connection.
///
/// Every error means that the answer cannot be completed (kUnavailable: the client is gone) and that the handler should
/// return. A handler that returns after `start` without `finish` cuts the connection, so that the client notices.
class ResponseWriter {
 public:
  ResponseWriter() = default;
  ResponseWriter(const ResponseWriter&) = delete;
  ResponseWriter& operator=(const ResponseWriter&) = delete;
  virtual ~ResponseWriter() = default;

  [[nodiscard]] virtual Task<Status> send(Response response, Deadline deadline) = 0;
  [[nodiscard]] virtual Task<Status> start(ResponseHead head, Deadline deadline) = 0;
  [[nodiscard]] virtual Task<Status> write(std::string piece, Deadline deadline) = 0;
  [[nodiscard]] virtual Task<Status> finish(Deadline deadline) = 0;

  /// A head has been sent: it is too late for another status.
  [[nodiscard]] virtual bool has_started() const = 0;
};

}  // namespace fw::net

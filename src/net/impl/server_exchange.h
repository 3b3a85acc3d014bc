#pragma once

#include "net/impl/server_connection.h"

namespace fw::net {

/// The body of the request that a connection is serving.
class ServerConnection::Body final : public BodyReader {
 public:
  Body(ServerConnection& connection, bool expects_continue)
      : connection_(connection), owes_continue_(expects_continue) {}
  Task<Result<std::optional<std::string>>> next(Deadline deadline) override;

  /// Parses what came with the head, and reads ahead when that is all.
  void take_what_came();
  [[nodiscard]] bool is_read() const { return connection_.parser_->is_done(); }
  /// Reads what the handler left, so that the next request can be found. False when it is too much, or was never sent.
  [[nodiscard]] Task<bool> drain();

 private:
  struct WakeReader;

  [[nodiscard]] Task<Status> send_continue();
  /// Waits for more of the body: for bytes, the limit on slowness, or the deadline.
  [[nodiscard]] Task<Status> wait_for_more(Deadline deadline);
  [[nodiscard]] Status parse();
  [[nodiscard]] Error fail(Error error);

  ServerConnection& connection_;
  bool owes_continue_;
  std::optional<Error> failure_;
  Duration waited_{};         // for the bytes of `progress_`
  std::size_t progress_ = 0;  // up to min_body_progress
};

/// The answer to that request.
class ServerConnection::Writer final : public ResponseWriter {
 public:
  Writer(ServerConnection& connection, bool is_head_request) : connection_(connection), is_head_(is_head_request) {}
  Task<Status> send(Response response, Deadline deadline) override;
  Task<Status> start(ResponseHead head, Deadline deadline) override;
  Task<Status> write(std::string piece, Deadline deadline) override;
  Task<Status> finish(Deadline deadline) override;
  [[nodiscard]] bool has_started() const override { return state_ != State::kNew; }

  [[nodiscard]] bool is_complete() const { return state_ == State::kDone; }
  /// The connection may carry another answer after this one.
  [[nodiscard]] bool keeps_alive() const { return keeps_alive_; }
  /// Of the head that was sent; 499 when none was.
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  /// kNew -> kStreaming (start) -> kDone (finish), or kNew -> kDone (send); to kFailed when bytes could not go out.
  enum class State : std::uint8_t { kNew, kStreaming, kDone, kFailed };

  [[nodiscard]] std::string encode_head(const ResponseHead& head, std::optional<std::uint64_t> length);
  /// Sends without a coroutine what the kernel takes at once, which is nearly every answer and piece; nullopt where
  /// `put_rest` has to send what is left.
  [[nodiscard]] std::optional<Status> put_at_once(Gather& buffers, State after);
  [[nodiscard]] Task<Status> put_rest(Gather buffers, State after, Deadline deadline);

  ServerConnection& connection_;
  bool is_head_;
  bool keeps_alive_ = false;
  State state_ = State::kNew;
  Framing framing_ = Framing::kNone;
  std::uint64_t remaining_ = 0;
  std::uint64_t bytes_ = 0;
  int status_ = 499;
};

}  // namespace fw::net

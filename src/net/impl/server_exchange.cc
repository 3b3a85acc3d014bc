#include "net/impl/server_exchange.h"

#include "base/clock.h"

namespace fw::net {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kMaxDrained = 256 * 1024;

bool never_has_body(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

/// A stop, from any thread, ends the wait for bytes and leaves the connection whole: an answer can still be sent.
struct ServerConnection::Body::WakeReader {
  std::shared_ptr<ServerConnection> connection;
  std::uint64_t wait;
  void operator()() const {
    asio::post(connection->strand_, [c = connection, w = wait] { c->interrupt_read(w); });
  }
};

void ServerConnection::Body::take_what_came() {
  if (const auto parsed = parse(); !parsed.ok()) return;
  if (is_read()) connection_.begin_reading_ahead();
}

Task<Status> ServerConnection::Body::send_continue() {
  if (!std::exchange(owes_continue_, false)) co_return Status{};
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  const Gather buffers{asio::buffer(kContinue)};
  co_return co_await connection_.write(buffers, Deadline::never());
}

Status ServerConnection::Body::parse() {
  RequestParser& parser = *connection_.parser_;
  if (parser.is_done()) return {};
  const auto used = parser.feed(connection_.buffer_.unread());
  if (!used.ok()) return fail(used.error());
  connection_.buffer_.consume(*used);
  return {};
}

Task<Status> ServerConnection::Body::wait_for_more(Deadline deadline) {
  const ServerOptions& options = connection_.shared_->options;
  const Instant begin = kernel_now();
  const Instant until = std::min(deadline.when(), saturating_add(begin, options.body_timeout - waited_));
  const std::size_t had = connection_.buffer_.unread().size();
  const std::stop_callback wake(deadline.stop_token(),
                                WakeReader{connection_.shared_from_this(), connection_.read_wait_});
  const auto ec = co_await connection_.read_more(until);
  if (ec && deadline.is_cancelled() && !connection_.watch_->verdict()) {
    co_return fail(cancelled("the request's body was cancelled"));
  }
  if (ec) co_return fail(connection_.io_error("the request's body", ec));
  waited_ += kernel_now() - begin;
  progress_ += connection_.buffer_.unread().size() - had;
  if (progress_ >= options.min_body_progress) {
    progress_ = 0;
    waited_ = {};
  }
  co_return Status{};
}

Task<Result<std::optional<std::string>>> ServerConnection::Body::next(Deadline deadline) {
  if (failure_) co_return *failure_;
  RequestParser& parser = *connection_.parser_;
  if (parser.has_body_bytes()) co_return std::optional<std::string>(parser.take_body());
  if (parser.is_done()) co_return std::optional<std::string>();
  FW_CO_TRY(deadline.check("reading the request's body"));
  FW_CO_TRY(co_await send_continue());
  while (true) {
    FW_CO_TRY(parse());
    if (parser.is_done()) connection_.begin_reading_ahead();
    if (parser.has_body_bytes()) co_return std::optional<std::string>(parser.take_body());
    if (parser.is_done()) co_return std::optional<std::string>();
    FW_CO_TRY(co_await wait_for_more(deadline));
  }
}

Error ServerConnection::Body::fail(Error error) {
  connection_.is_body_lost_ = true;
  failure_ = error;
  return error;
}

Task<bool> ServerConnection::Body::drain() {
  if (owes_continue_ && !is_read()) co_return false;
  std::size_t drained = 0;
  while (!is_read()) {
    auto piece = co_await next(Deadline::never());
    if (!piece.ok() || !*piece || (drained += (*piece)->size()) > kMaxDrained) break;
  }
  co_return is_read();
}

std::string ServerConnection::Writer::encode_head(const ResponseHead& head, std::optional<std::uint64_t> length) {
  const bool is_http_1_1 = connection_.parser_->is_http_1_1();
  status_ = head.status;
  if (never_has_body(head.status)) {
    framing_ = Framing::kNone;
  } else if (length) {
    framing_ = Framing::kLength;
    remaining_ = *length;
  } else {
    framing_ = is_http_1_1 ? Framing::kChunked : Framing::kUntilEnd;
  }
  keeps_alive_ = connection_.may_keep_alive() && framing_ != Framing::kUntilEnd;
  std::string out;
  out.reserve(512);
  out.append("HTTP/1.1 ")
      .append(std::to_string(head.status))
      .append(" ")
      .append(reason_phrase(head.status))
      .append("\r\n");
  if (!head.headers.contains("Date")) out.append("Date: ").append(connection_.date()).append("\r\n");
  append_headers(out, head.headers);
  if (framing_ == Framing::kLength && !head.headers.contains("Content-Length")) {
    out.append("Content-Length: ").append(std::to_string(*length)).append("\r\n");
  }
  if (framing_ == Framing::kChunked) out += "Transfer-Encoding: chunked\r\n";
  if (!keeps_alive_) out += "Connection: close\r\n";
  if (keeps_alive_ && !is_http_1_1) out += "Connection: keep-alive\r\n";
  out += "\r\n";
  if (is_head_) framing_ = Framing::kNone;
  return out;
}

std::optional<Status> ServerConnection::Writer::put_at_once(Gather& buffers, State after) {
  state_ = State::kFailed;  // until it has gone out whole
  bytes_ += size_of(buffers);
  auto written = connection_.write_at_once(buffers);
  if (written && written->ok()) state_ = after;
  return written;
}

Task<Status> ServerConnection::Writer::put_rest(Gather buffers, State after, Deadline deadline) {
  auto written = co_await connection_.write_rest(buffers, std::move(deadline));
  if (written.ok()) state_ = after;
  co_return written;
}

Task<Status> ServerConnection::Writer::send(Response response, Deadline deadline) {
  if (state_ != State::kNew) co_return internal("a second answer to the same request");
  FW_CO_TRY(check_headers(response.headers));
  // The request's own end is no reason against an answer that is at hand: it is often why there is one.
  if (connection_.is_own(deadline)) deadline = Deadline::never();
  FW_CO_TRY(deadline.check("answering"));
  response.headers.remove("Content-Length");
  const std::uint64_t length = response.body.size();
  const ResponseHead whole{response.status, std::move(response.headers)};
  const std::string head = encode_head(whole, length);
  Gather buffers{asio::buffer(head)};
  if (framing_ != Framing::kNone) buffers[1] = asio::buffer(response.body);
  if (auto sent = put_at_once(buffers, State::kDone)) co_return *std::move(sent);
  co_return co_await put_rest(buffers, State::kDone, std::move(deadline));
}

Task<Status> ServerConnection::Writer::start(ResponseHead head, Deadline deadline) {
  if (state_ != State::kNew) co_return internal("a second answer to the same request");
  FW_CO_TRY(check_headers(head.headers));
  FW_CO_TRY(deadline.check("answering"));
  FW_CO_ASSIGN(const auto length, declared_length(head.headers));
  const std::string bytes = encode_head(head, length);
  Gather buffers{asio::buffer(bytes)};
  const State after = is_head_ ? State::kDone : State::kStreaming;
  auto sent = put_at_once(buffers, after);
  if (!sent) sent = co_await put_rest(buffers, after, std::move(deadline));
  if (!is_head_ || !sent->ok()) co_return *std::move(sent);
  connection_.request_stop_.request_stop();  // the client has all that it asked for
  co_return Status{};
}

Task<Status> ServerConnection::Writer::write(std::string piece, Deadline deadline) {
  if (is_head_ && state_ == State::kDone) co_return cancelled("an answer to HEAD ends with its head");
  if (state_ != State::kStreaming) co_return unavailable("the answer was broken off by an earlier error");
  FW_CO_TRY(deadline.check("answering"));
  if (framing_ == Framing::kNone || piece.empty()) co_return Status{};
  if (framing_ == Framing::kLength) {
    if (piece.size() > remaining_) co_return internal("the answer is longer than its Content-Length");
    remaining_ -= piece.size();
  }
  const std::string frame = framing_ == Framing::kChunked ? chunk_head(piece.size()) : std::string();
  Gather buffers{asio::buffer(frame), asio::buffer(piece)};
  if (framing_ == Framing::kChunked) buffers[2] = asio::const_buffer("\r\n", 2);
  if (auto sent = put_at_once(buffers, State::kStreaming)) co_return *std::move(sent);
  co_return co_await put_rest(buffers, State::kStreaming, std::move(deadline));
}

Task<Status> ServerConnection::Writer::finish(Deadline deadline) {
  if (is_head_ && state_ == State::kDone) co_return Status{};
  if (state_ != State::kStreaming) co_return unavailable("the answer was broken off by an earlier error");
  if (framing_ == Framing::kLength && remaining_ > 0) {
    co_return internal("the answer is " + std::to_string(remaining_) + " bytes shorter than its Content-Length");
  }
  if (framing_ != Framing::kChunked) {
    state_ = State::kDone;
    co_return Status{};
  }
  Gather buffers{asio::const_buffer("0\r\n\r\n", 5)};
  if (auto sent = put_at_once(buffers, State::kDone)) co_return *std::move(sent);
  co_return co_await put_rest(buffers, State::kDone, std::move(deadline));
}

}  // namespace fw::net

#include "net/impl/client_connection.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/impl/connect.h"
#include "net/impl/message_writer.h"
#include "net/impl/request_rules.h"

namespace fw::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

Instant from_now(Duration wait) { return std::chrono::steady_clock::now() + wait; }

bool is_end_of_stream(const error_code& ec) {
  return ec == asio::error::eof || ec == asio::ssl::error::stream_truncated;
}

Error connect_error(const std::string& origin, const error_code& ec) {
  if (ec == asio::error::connection_refused) {
    return unavailable(origin + ": connection refused; is the server running, and is this its port?");
  }
  if (ec.category() == asio::error::get_ssl_category()) {
    return unavailable(
        origin + ": tls handshake failed (" + ec.message() +
        "); check that the server's certificate is valid for this host and that its authority is trusted");
  }
  return unavailable(origin + ": cannot connect: " + ec.message() + "; check the url and the network");
}

}  // namespace

ClientConnection::~ClientConnection() { pause(); }

void ClientConnection::begin(const Executor& strand) {
  watch_ = std::make_shared<Watch>(strand, [this] {
    if (transport_) transport_->close();
  });
}

void ClientConnection::pause() {
  if (!watch_) return;
  if (watch_->verdict()) is_broken_ = true;
  watch_->retire();
  watch_.reset();
}

bool ClientConnection::is_reusable() {
  return !is_broken_ && !is_half_sent_ && parser_ && is_complete() && parser_->keeps_alive() && !is_stale();
}

Error ClientConnection::failure(std::string_view doing, const error_code& ec) const {
  const std::string where = origin_ + ": ";
  if (watch_->verdict() == ErrorCode::kCancelled) return cancelled(where + "cancelled while " + std::string(doing));
  if (watch_->verdict() == ErrorCode::kDeadlineExceeded) {
    return deadline_exceeded(where + "time ran out while " + std::string(doing) +
                             "; is the server overloaded? allow more time or send less at once");
  }
  if (is_end_of_stream(ec)) return unavailable(where + "the server closed the connection while " + std::string(doing));
  return unavailable(where + "connection failed while " + std::string(doing) + ": " + ec.message());
}

Task<Status> ClientConnection::connect(Url url, std::shared_ptr<asio::ssl::context> tls, Deadline deadline) {
  origin_ = url.origin();
  const Deadline limit = deadline.within(options_.connect_timeout);
  auto endpoints = co_await resolve(url.host, url.port, limit);
  if (!endpoints.ok()) co_return endpoints.error().within(origin_);
  transport_ = std::make_unique<Transport>(tcp::socket(executor_));
  const LimitGuard time(watch_, Watch::Limit::kTotal, limit.when());
  const StopGuard stop(watch_, limit.stop_token());
  error_code ec;
  co_await asio::async_connect(transport_->socket(), *endpoints, asio::redirect_error(asio::use_awaitable, ec));
  if (!ec && !watch_->verdict()) {
    transport_->socket().set_option(tcp::no_delay(true), ec);
    if (tls) ec = co_await transport_->connect_tls(std::move(tls), url.host);
  }
  if (watch_->verdict()) co_return failure("connecting", ec);
  if (ec) co_return connect_error(origin_, ec);
  co_return Status{};
}

Task<error_code> ClientConnection::write(Gather buffers) {
  const LimitGuard time(watch_, Watch::Limit::kWrite, from_now(options_.write_timeout));
  co_return co_await transport_->write(buffers);
}

Task<Status> ClientConnection::send_chunked(BodyReader& source, Deadline deadline) {
  while (true) {
    FW_CO_ASSIGN(const auto piece, co_await source.next(deadline));
    const std::string frame = piece ? chunk_head(piece->size()) : "0\r\n\r\n";
    Gather buffers{asio::buffer(frame)};
    if (piece) {
      buffers[1] = asio::buffer(*piece);
      buffers[2] = asio::const_buffer("\r\n", 2);
    }
    if (const auto ec = co_await write(buffers); ec) co_return failure("sending the request", ec);
    if (!piece) co_return Status{};
  }
}

Task<Status> ClientConnection::send_counted(BodyReader& source, std::uint64_t length, Deadline deadline) {
  std::uint64_t missing = length;
  while (true) {
    FW_CO_ASSIGN(const auto piece, co_await source.next(deadline));
    if (piece ? piece->size() > missing : missing > 0) {
      co_return invalid_argument(origin_ + ": the request's body is not as long as its Content-Length of " +
                                 std::to_string(length) + " bytes");
    }
    if (!piece) co_return Status{};
    missing -= piece->size();
    const Gather buffers{asio::buffer(*piece)};
    if (const auto ec = co_await write(buffers); ec) co_return failure("sending the request", ec);
  }
}

Task<std::optional<ExchangeFailure>> ClientConnection::exchange(const WireRequest& wire, BodyReader* source,
                                                                Deadline deadline) {
  parser_.reset();
  has_received_ = false;
  const LimitGuard time(watch_, Watch::Limit::kTotal, deadline.when());
  const StopGuard stop(watch_, deadline.stop_token());
  Gather buffers{asio::buffer(wire.head), asio::buffer(wire.body)};
  Status sent;
  if (const auto ec = co_await write(buffers); ec) sent = failure("sending the request", ec);
  if (sent.ok() && source != nullptr) {
    sent = wire.source_length ? co_await send_counted(*source, *wire.source_length, deadline)
                              : co_await send_chunked(*source, deadline);
  }
  is_half_sent_ = !sent.ok();
  // A source that failed leaves half a request behind; a server that hung up may have said why before it did.
  if (!sent.ok() && sent.error().code != ErrorCode::kUnavailable) co_return ExchangeFailure{sent.error(), false};
  auto received = co_await read_head(wire.is_head_request);
  if (received.ok()) co_return std::nullopt;
  is_broken_ = true;
  const bool is_stale = !has_received_ && !watch_->verdict();
  co_return ExchangeFailure{sent.ok() ? received.error() : sent.error(), is_stale};
}

Task<Status> ClientConnection::read_more() {
  const auto room = buffer_.room();
  const LimitGuard time(watch_, Watch::Limit::kRead, from_now(options_.read_timeout));
  const IoResult got = co_await transport_->read_some(asio::buffer(room.data, room.size));
  if (!got.error) {
    has_received_ = true;
    buffer_.filled(got.bytes);
    co_return Status{};
  }
  if (watch_->verdict() || !is_end_of_stream(got.error)) co_return failure("waiting for the answer", got.error);
  if (!has_received_) co_return unavailable(origin_ + ": the server closed the connection without an answer");
  if (const auto ended = parser_->feed_end(); !ended.ok()) co_return ended.error().within(origin_);
  co_return Status{};
}

Task<Status> ClientConnection::read_head(bool is_head_request) {
  const ParserLimits limits{.header_bytes = options_.max_header_bytes};
  while (true) {
    parser_.emplace(limits);
    if (is_head_request) parser_->expect_no_body();
    while (!parser_->has_head()) {
      auto used = parser_->feed(buffer_.unread());
      if (!used.ok()) co_return used.error().within(origin_);
      buffer_.consume(*used);
      if (!parser_->has_head()) FW_CO_TRY(co_await read_more());
    }
    if (parser_->status() == 101) co_return data_loss(origin_ + ": switched to a protocol that nobody asked for");
    if (parser_->status() < 200) continue;
    if (const auto coding = check_transfer_coding(*parser_); !coding.ok()) co_return coding.error().within(origin_);
    co_return Status{};
  }
}

ResponseHead ClientConnection::take_head() { return {.status = parser_->status(), .headers = parser_->take_headers()}; }

Task<Status> ClientConnection::wait_for_body(Deadline deadline) {
  begin(co_await asio::this_coro::executor);
  Status more;
  {
    const LimitGuard time(watch_, Watch::Limit::kTotal, deadline.when());
    const StopGuard stop(watch_, deadline.stop_token());
    more = co_await read_more();
  }
  pause();
  co_return more;
}

Task<Result<std::optional<std::string>>> ClientConnection::next(Deadline deadline) {
  if (is_broken_) co_return unavailable(origin_ + ": the body was lost with an earlier error");
  FW_CO_TRY(deadline.check(origin_ + ": reading the answer"));
  while (true) {
    if (!parser_->is_done()) {
      auto used = parser_->feed(buffer_.unread());
      is_broken_ = !used.ok();
      if (!used.ok()) co_return used.error().within(origin_);
      buffer_.consume(*used);
    }
    if (parser_->has_body_bytes()) co_return std::optional<std::string>(parser_->take_body());
    if (parser_->is_done()) co_return std::optional<std::string>();
    auto more = co_await wait_for_body(deadline);
    is_broken_ = !more.ok();
    if (!more.ok()) co_return more.error();
  }
}

}  // namespace fw::net

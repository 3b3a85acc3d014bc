#include "net/impl/client_connection.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/impl/message_writer.h"
#include "net/impl/request_rules.h"

namespace fw::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

bool is_end_of_stream(const error_code& ec) {
  return ec == asio::error::eof || ec == asio::ssl::error::stream_truncated;
}

Error handshake_error(const std::string& origin, const error_code& ec) {
  if (ec.category() != asio::error::get_ssl_category()) {
    return unavailable(origin + ": cannot connect: " + ec.message() + "; check the url and the network");
  }
  return unavailable(origin + ": tls handshake failed (" + ec.message() +
                     "); check that the server's certificate is valid for this host and that its authority is trusted");
}

}  // namespace

void ClientConnection::move_to(const Executor& home) {
  if (watch_ && watch_->strand() == home && !watch_->verdict()) return;
  watch_ = std::make_shared<Watch>(home, transport_);
}

bool ClientConnection::is_reusable() {
  return !is_broken_ && !watch_->verdict() && sending_ == Sending::kWhole && parser_ && is_complete() &&
         parser_->keeps_alive() && buffer_.unread().empty();
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

Task<Status> ClientConnection::connect(Url url, Resolver& resolver, std::shared_ptr<asio::ssl::context> tls,
                                       Deadline deadline) {
  origin_ = url.origin();
  const Deadline limit = deadline.within(options_.connect_timeout);
  const auto& proxy = options_.proxy;
  auto endpoints = co_await resolver.resolve(proxy ? proxy->host : url.host, proxy ? proxy->port : url.port, limit);
  if (!endpoints.ok()) co_return endpoints.error().within(proxy ? origin_ + ": its proxy" : origin_);
  FW_CO_ASSIGN(auto socket, co_await connect_first(transport_.socket().get_executor(), *endpoints, origin_, limit));
  transport_.socket() = std::move(socket);
  transport_.set_options();
  if (!tls) co_return Status{};
  const LimitGuard time(*watch_, Watch::Limit::kTotal, limit.when());
  const StopGuard stop(watch_, limit.stop_token());
  if (proxy) FW_CO_TRY(co_await open_tunnel(url));
  const auto ec = co_await transport_.connect_tls(std::move(tls), url.host);
  if (watch_->verdict()) co_return failure("connecting", ec);
  if (ec) co_return handshake_error(origin_, ec);
  co_return Status{};
}

Task<Status> ClientConnection::open_tunnel(Url url) {
  const bool is_v6 = url.host.find(':') != std::string::npos;
  const std::string server = (is_v6 ? "[" + url.host + "]" : url.host) + ":" + std::to_string(url.port);
  std::string head = "CONNECT " + server + " HTTP/1.1\r\nHost: " + server + "\r\n";
  if (!options_.proxy->authorization.empty()) {
    head.append("Proxy-Authorization: ").append(options_.proxy->authorization).append("\r\n");
  }
  head += "\r\n";
  begin_exchange();
  const Gather buffers{asio::buffer(head)};
  FW_CO_TRY(co_await write(buffers));
  FW_CO_TRY(co_await read_head(/*is_head_request=*/true));
  const int status = parser_->status();
  if (status < 200 || status > 299) {
    co_return unavailable(origin_ + ": the proxy " + options_.proxy->host + " answered " + std::to_string(status) +
                          " to the wish for a tunnel");
  }
  if (!buffer_.unread().empty()) co_return data_loss(origin_ + ": the proxy sent more than its answer");
  co_return Status{};
}

void ClientConnection::abandon() {
  if (sending_ != Sending::kUnderWay) return close();
  asio::post(home(), [self = shared_from_this()] { self->close(); });
}

void ClientConnection::begin_exchange() {
  parser_.reset();
  has_received_ = false;
  send_error_ = {};
}

void ClientConnection::begin_sending(std::shared_ptr<const WireRequest> wire) {
  begin_exchange();
  sent_at_ = kernel_now();
  wire_ = std::move(wire);
  unsent_ = {asio::buffer(wire_->head), asio::buffer(wire_->body)};
  sending_ = Sending::kUnderWay;
  const error_code ec = transport_.write_at_once(unsent_);
  if (ec || size_of(unsent_) == 0) return end_sending(ec);
  send_more();
}

void ClientConnection::send_more() {
  watch_->writing(options_.write_timeout, Instant::max());
  transport_.async_write_some(
      unsent_, asio::bind_executor(home(), [self = shared_from_this()](const error_code& ec, std::size_t bytes) {
        self->on_sent(ec, bytes);
      }));
}

void ClientConnection::on_sent(const error_code& ec, std::size_t bytes) {
  advance(unsent_, bytes);
  if (!ec && size_of(unsent_) > 0) return send_more();
  watch_->clear(Watch::Limit::kWrite);
  end_sending(ec);
}

/// A failure is no end yet: a server that hung up may have said why before it did.
void ClientConnection::end_sending(const error_code& ec) {
  sending_ = ec ? Sending::kFailed : Sending::kWhole;
  send_error_ = ec;
  wire_.reset();
}

Task<Status> ClientConnection::write(Gather buffers) {
  error_code ec = transport_.write_at_once(buffers);
  if (!ec && size_of(buffers) > 0) {
    ec = co_await write_rest(transport_, *watch_, buffers, options_.write_timeout, Instant::max());
  }
  if (ec) co_return failure("sending the request", ec);
  co_return Status{};
}

Task<Status> ClientConnection::send_from(std::shared_ptr<const WireRequest> wire, BodyReader& source,
                                         Deadline deadline) {
  const auto length = wire->source_length;
  std::uint64_t missing = length.value_or(0);
  sending_ = Sending::kFailed;  // until it has gone out whole
  const Gather head{asio::buffer(wire->head)};
  FW_CO_TRY(co_await write(head));
  while (true) {
    FW_CO_ASSIGN(const auto piece, co_await source.next(deadline));
    if (length && (piece ? piece->size() > missing : missing > 0)) {
      co_return invalid_argument(origin_ + ": the request's body is not as long as its Content-Length of " +
                                 std::to_string(*length) + " bytes");
    }
    if (piece) missing -= piece->size();
    const std::string frame = length ? "" : piece ? chunk_head(piece->size()) : "0\r\n\r\n";
    Gather buffers{asio::buffer(frame)};
    if (piece) buffers[1] = asio::buffer(*piece);
    if (piece && !length) buffers[2] = asio::const_buffer("\r\n", 2);
    FW_CO_TRY(co_await write(buffers));
    if (piece) continue;
    sending_ = Sending::kWhole;
    co_return Status{};
  }
}

/// A close that was on its way when the request went out is here after one round trip at the latest.
bool ClientConnection::has_just_been_sent() {
  return kernel_now() - sent_at_ <= options_.stale_within + transport_.round_trip();
}

Task<std::optional<ExchangeFailure>> ClientConnection::receive_head(bool is_head_request, Deadline deadline) {
  const LimitGuard time(*watch_, Watch::Limit::kTotal, deadline.when());
  const StopGuard stop(watch_, deadline.stop_token());
  auto received = co_await read_head(is_head_request);
  if (received.ok()) co_return std::nullopt;
  is_broken_ = true;
  const bool is_stale = !has_received_ && !watch_->verdict() && has_just_been_sent();
  if (send_error_ && !has_received_) co_return ExchangeFailure{failure("sending the request", send_error_), is_stale};
  co_return ExchangeFailure{received.error(), is_stale};
}

Status ClientConnection::after_read(const error_code& ec, std::size_t bytes) {
  buffer_.filled(bytes);
  if (!ec) {
    has_received_ = true;
    return {};
  }
  if (watch_->verdict() || !is_end_of_stream(ec)) return failure("waiting for the answer", ec);
  if (!has_received_) return unavailable(origin_ + ": the server closed the connection without an answer");
  if (const auto ended = parser_->feed_end(); !ended.ok()) return ended.error().within(origin_);
  return {};
}

Task<Status> ClientConnection::read_more() {
  const auto room = buffer_.room();
  error_code ec;
  const LimitGuard time(*watch_, Watch::Limit::kRead, from_now(options_.read_timeout));
  const std::size_t bytes = co_await transport_.async_read_some(asio::buffer(room.data, room.size),
                                                                asio::redirect_error(asio::use_awaitable, ec));
  co_return after_read(ec, bytes);
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

void ClientConnection::feed_unread() {
  if (is_broken_ || parser_->is_done()) return;
  const auto used = parser_->feed(buffer_.unread());
  is_broken_ = !used.ok();
  if (used.ok()) {
    buffer_.consume(*used);
  } else {
    malformed_ = used.error().within(origin_);
  }
}

std::optional<Result<std::optional<std::string>>> ClientConnection::take_body() {
  feed_unread();
  // What came before a malformed part, however the reads fell, is handed out first.
  if (parser_->has_body_bytes()) return std::optional<std::string>(parser_->take_body());
  if (is_broken_) return malformed_.value_or(unavailable(origin_ + ": the body was lost with an earlier error"));
  if (parser_->is_done()) return std::optional<std::string>();
  return std::nullopt;
}

std::optional<std::string> ClientConnection::take_whole_body() {
  // The parser stops behind the head, so that what follows may not have been fed yet.
  feed_unread();
  if (is_broken_ || !parser_->is_done()) return std::nullopt;
  return parser_->take_body();
}

Task<Result<std::optional<std::string>>> ClientConnection::next(Deadline deadline) {
  if (deadline.is_over()) co_return deadline.check(origin_ + ": reading the answer").error();
  if (auto piece = take_body()) co_return std::move(*piece);
  // One coroutine for all of it: this is what runs for every piece of every stream.
  const LimitGuard total(*watch_, Watch::Limit::kTotal, deadline.when());
  const StopGuard stop(watch_, deadline.stop_token());
  while (true) {
    const auto room = buffer_.room();
    error_code ec;
    const LimitGuard time(*watch_, Watch::Limit::kRead, from_now(options_.read_timeout));
    const std::size_t bytes = co_await transport_.async_read_some(asio::buffer(room.data, room.size),
                                                                  asio::redirect_error(asio::use_awaitable, ec));
    const auto read = after_read(ec, bytes);
    is_broken_ = !read.ok();
    if (!read.ok()) co_return read.error();
    if (auto piece = take_body()) co_return std::move(*piece);
  }
}

}  // namespace fw::net

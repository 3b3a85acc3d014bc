#include "net/impl/server_connection.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "net/impl/request_rules.h"
#include "net/impl/server_exchange.h"

namespace fw::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr Duration kLinger = std::chrono::seconds(2);
constexpr std::size_t kMaxLingered = std::size_t{4} << 20;
constexpr Duration kLookAgain = std::chrono::milliseconds(100);

Instant from_now(Duration wait) { return std::chrono::steady_clock::now() + wait; }

std::string name_of_peer(const tcp::socket& socket) {
  error_code ec;
  const auto peer = socket.remote_endpoint(ec);
  if (ec) return "unknown";
  const std::string address = peer.address().to_string();
  return (peer.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(peer.port());
}

}  // namespace

std::string_view IncomingRequest::path() const { return std::string_view(target).substr(0, target.find('?')); }

std::string_view IncomingRequest::query() const {
  const auto mark = target.find('?');
  return mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1);
}

ServerConnection::ServerConnection(std::shared_ptr<const ServerShared> shared, tcp::socket socket, Executor strand)
    : shared_(std::move(shared)),
      strand_(std::move(strand)),
      transport_(std::move(socket)),
      watch_(std::make_shared<Watch>(strand_, [this] { transport_.close(); })),
      leaving_timer_(strand_) {}

void ServerConnection::stop() {
  asio::post(strand_, [self = shared_from_this()] {
    self->is_stopping_ = true;
    if (self->is_idle_) self->watch_->end(ErrorCode::kCancelled);
    self->request_stop_.request_stop();
  });
}

void ServerConnection::abort() {
  asio::post(strand_, [self = shared_from_this()] { self->watch_->end(ErrorCode::kCancelled); });
}

Task<void> ServerConnection::run() {
  const auto self = shared_from_this();
  error_code ignored;
  transport_.socket().set_option(tcp::no_delay(true), ignored);
  peer_ = name_of_peer(transport_.socket());
  if (co_await shake_hands()) {
    while (co_await serve_one()) {
    }
  }
  watch_->retire();
  transport_.close();
}

Task<void> ServerConnection::turn_away() {
  const auto self = shared_from_this();
  if (!shared_->tls) {
    Response answer = detail_response(503, "too many connections; try again in a moment");
    answer.headers.add("Retry-After", "1");
    co_await refuse(std::move(answer));
  }
  watch_->retire();
  transport_.close();
}

Task<bool> ServerConnection::shake_hands() {
  if (!shared_->tls) co_return true;
  const LimitGuard time(watch_, Watch::Limit::kTotal, from_now(shared_->options.header_timeout));
  const auto ec = co_await transport_.accept_tls(shared_->tls);
  if (ec) log_debug("net", "tls handshake failed", {{"server", shared_->options.name}, {"why", ec.message()}});
  co_return !ec;
}

Task<bool> ServerConnection::wait_for_request() {
  is_idle_ = true;
  const Instant until = from_now(shared_->options.idle_timeout);
  while (!is_stopping_) {
    // Empty lines before a request are forgiven (RFC 9112, 2.2).
    while (buffer_.unread().starts_with("\r\n")) buffer_.consume(2);
    if (!buffer_.unread().empty() && buffer_.unread() != "\r") break;
    if (co_await read_more(until)) co_return false;
  }
  co_return !is_stopping_;
}

Task<bool> ServerConnection::read_head() {
  const Instant until = from_now(shared_->options.header_timeout);
  while (true) {
    const auto used = parser_->feed(buffer_.unread());
    if (!used.ok()) {
      co_await refuse(detail_response(parser_->refusal(), used.error().message));
      co_return false;
    }
    buffer_.consume(*used);
    if (parser_->has_head()) co_return true;
    if (co_await read_more(until)) co_return false;
  }
}

Task<bool> ServerConnection::serve_one() {
  if (!co_await wait_for_request()) co_return false;
  const ServerOptions& options = shared_->options;
  const ParserLimits limits{.header_bytes = options.max_header_bytes, .body_bytes = options.max_body_bytes};
  parser_.emplace(limits);
  request_stop_ = std::stop_source();
  if (!co_await read_head()) co_return false;
  if (auto response = reject(*parser_)) {
    co_await refuse(std::move(*response));
    co_return false;
  }
  co_return co_await answer(*parse_method(parser_->method()));
}

Task<bool> ServerConnection::answer(Method method) {
  if (is_stopping_) co_return false;
  is_idle_ = false;
  is_body_lost_ = false;
  const auto token = request_stop_.get_token();
  const auto& timeout = shared_->options.request_timeout;
  IncomingRequest request{.method = method,
                          .target = parser_->take_target(),
                          .headers = parser_->take_headers(),
                          .peer = peer_,
                          .deadline = timeout ? Deadline::after(*timeout, token) : Deadline::when_stopped(token)};
  to_origin_form(request.target, request.headers);
  Body body(*this, parser_->is_http_1_1() && request.headers.has_token("Expect", "100-continue"));
  Writer writer(*this, method == Method::kHead);
  request.body = &body;
  watch_for_leaving();
  co_await call_handler(request, writer);
  end_watch_for_leaving();
  co_return co_await finish_request(body, writer);
}

Task<void> ServerConnection::call_handler(IncomingRequest& request, Writer& writer) {
  std::string failure;
  try {
    co_await shared_->handler(request, writer);
    if (writer.has_started() || is_closing_ || watch_->verdict()) co_return;
    failure = "no answer was given, or one that cannot be sent";
  } catch (const std::exception& e) {
    failure = e.what();
  } catch (...) {
    failure = "an exception that is no std::exception";
  }
  log_error("net", "handler failed",
            {{"server", shared_->options.name},
             {"method", to_string(request.method)},
             {"path", request.path()},
             {"what", failure}});
}

Task<bool> ServerConnection::finish_request(Body& body, Writer& writer) {
  if (!writer.has_started() && !is_closing_ && !watch_->verdict()) {
    const auto sent =
        co_await writer.send(detail_response(500, "internal error; the service's log says more"), Deadline::never());
    if (!sent.ok()) co_return false;
  }
  if (!writer.is_complete()) co_return false;
  if (writer.keeps_alive() && co_await body.drain()) co_return !is_stopping_ && !is_closing_;
  co_await linger();
  co_return false;
}

Task<void> ServerConnection::refuse(Response response) {
  const std::string length = std::to_string(response.body.size());
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(reason_phrase(response.status)) +
                     "\r\nDate: " + date() + "\r\nContent-Length: " + length + "\r\nConnection: close\r\n";
  append_headers(head, response.headers);
  head += "\r\n";
  const Gather buffers{asio::buffer(head), asio::buffer(response.body)};
  const auto written = co_await write(buffers, Deadline::never());
  if (written.ok()) co_await linger();
}

/// Closing while the client still sends would reset the connection and destroy the answer on its way.
Task<void> ServerConnection::linger() {
  const LimitGuard time(watch_, Watch::Limit::kTotal, from_now(kLinger));
  co_await transport_.shut_down_writing();
  std::size_t seen = 0;
  while (seen < kMaxLingered) {
    buffer_.consume(buffer_.unread().size());
    if (co_await read_more(Instant::max())) break;
    seen += buffer_.unread().size();
  }
}

Task<error_code> ServerConnection::read_more(Instant until) {
  const auto room = buffer_.room();
  const LimitGuard time(watch_, Watch::Limit::kRead, until);
  const IoResult got = co_await transport_.read_some(asio::buffer(room.data, room.size));
  if (!got.error) buffer_.filled(got.bytes);
  co_return got.error;
}

Task<Status> ServerConnection::write(Gather buffers, Deadline deadline) {
  const Instant until = std::min(deadline.when(), from_now(shared_->options.write_timeout));
  const LimitGuard time(watch_, Watch::Limit::kWrite, until);
  const StopGuard stop(watch_, deadline.stop_token());
  const auto ec = co_await transport_.write(buffers);
  if (!ec) co_return Status{};
  is_closing_ = true;
  co_return io_error("the answer", ec);
}

Error ServerConnection::io_error(std::string_view what, const error_code& ec) const {
  const std::string subject(what);
  if (watch_->verdict() == ErrorCode::kCancelled) return cancelled(subject + " was cancelled");
  if (watch_->verdict() == ErrorCode::kDeadlineExceeded) {
    return deadline_exceeded(subject + " stood still for too long; the client is slow or gone");
  }
  return unavailable("client " + peer_ + " closed the connection during " + subject + " (" + ec.message() + ")");
}

const std::string& ServerConnection::date() {
  const std::int64_t now = to_epoch_seconds(SystemClock().now());
  if (now != date_second_) {
    date_second_ = now;
    date_ = http_date(now);
  }
  return date_;
}

void ServerConnection::watch_for_leaving() {
  auto wait = [self = shared_from_this(), watch = ++leaving_watch_](const error_code& ec) {
    if (!ec) self->look_for_leaving(watch);
  };
  transport_.socket().async_wait(
      tcp::socket::wait_read,
      asio::bind_cancellation_slot(leaving_cancel_.slot(), asio::bind_executor(strand_, std::move(wait))));
}

/// The socket has become readable. When that is not the end but more bytes (the body, the next request), an event for
/// the end will not come on top of them: look from time to time.
void ServerConnection::look_for_leaving(std::uint64_t watch) {
  if (watch != leaving_watch_) return;
  if (transport_.has_peer_closed()) {
    is_closing_ = true;
    request_stop_.request_stop();
    return;
  }
  leaving_timer_.expires_after(kLookAgain);
  leaving_timer_.async_wait(asio::bind_executor(strand_, [self = shared_from_this(), watch](const error_code& ec) {
    if (!ec) self->look_for_leaving(watch);
  }));
}

void ServerConnection::end_watch_for_leaving() {
  ++leaving_watch_;
  leaving_cancel_.emit(asio::cancellation_type::terminal);
  leaving_timer_.cancel();
}

}  // namespace fw::net

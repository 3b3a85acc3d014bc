#include "net/impl/server_connection.h"

#include <algorithm>
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
constexpr Duration kLastHead = std::chrono::seconds(1);  // for a request that had begun to come when all others ended

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

std::string address_of(const tcp::socket& socket) {
  error_code ec;
  const auto peer = socket.remote_endpoint(ec);
  if (ec) return "unknown";
  const auto& address = peer.address();
  if (address.is_v4()) return address.to_string();
  if (address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  auto network = address.to_v6().to_bytes();
  std::fill(network.begin() + 8, network.end(), static_cast<unsigned char>(0));
  return asio::ip::address_v6(network).to_string() + "/64";
}

ServerConnection::ServerConnection(std::shared_ptr<const ServerShared> shared, tcp::socket socket, std::string address,
                                   Executor strand)
    : shared_(std::move(shared)),
      strand_(std::move(strand)),
      transport_(std::move(socket)),
      watch_(std::make_shared<Watch>(strand_, transport_)),
      address_(std::move(address)),
      activity_(kernel_now()) {}

void ServerConnection::give_way() {
  asio::post(strand_, [self = shared_from_this()] {
    self->is_last_ = true;
    const bool is_slow = Activity::is_slow_head(self->activity_.seen(), kernel_now());
    if (self->phase_ == Phase::kIdle || is_slow) self->watch_->end(ErrorCode::kUnavailable);
  });
}

void ServerConnection::drain(std::shared_ptr<void> known) {
  asio::post(strand_, [self = shared_from_this(), known = std::move(known)] { self->is_stopping_ = true; });
}

void ServerConnection::end_idle() {
  asio::post(strand_, [self = shared_from_this()] {
    if (self->phase_ == Phase::kAnswering) return;
    error_code ignored;
    if (self->phase_ == Phase::kIdle && self->transport_.socket().available(ignored) == 0) {
      self->watch_->end(ErrorCode::kCancelled);
    } else {
      self->watch_->set(Watch::Limit::kTotal, from_now(kLastHead));
    }
  });
}

void ServerConnection::stop() {
  asio::post(strand_, [self = shared_from_this()] {
    self->is_stopping_ = true;
    if (self->phase_ != Phase::kAnswering) self->watch_->end(ErrorCode::kCancelled);
    self->request_stop_.request_stop();
  });
}

void ServerConnection::abort() {
  asio::post(strand_, [self = shared_from_this()] { self->watch_->end(ErrorCode::kCancelled); });
}

Task<void> ServerConnection::run() {
  const auto self = shared_from_this();
  transport_.set_options();
  peer_ = name_of_peer(transport_.socket());
  if (co_await handshake()) {
    while (co_await serve_one()) {
    }
  }
  watch_->detach();
  transport_.close();
}

Task<void> ServerConnection::run_rejecting() {
  const auto self = shared_from_this();
  request_begin_ = kernel_now();
  if (!shared_->tls) {
    Response answer = detail_response(503, "too many connections; try again in a moment");
    answer.headers.add("Retry-After", "1");
    co_await send_rejection(std::move(answer));
  }
  watch_->detach();
  transport_.close();
}

Task<bool> ServerConnection::handshake() {
  if (!shared_->tls) co_return true;
  const LimitGuard time(*watch_, Watch::Limit::kTotal, from_now(shared_->options.header_timeout));
  const auto ec = co_await transport_.accept_tls(shared_->tls);
  if (ec) log_debug("net", "tls handshake failed", {{"server", shared_->options.name}, {"why", ec.message()}});
  co_return !ec;
}

Task<bool> ServerConnection::wait_for_request(Instant since) {
  const Instant until = saturating_add(since, shared_->options.idle_timeout);
  while (true) {
    // Empty lines before a request are forgiven (RFC 9112, 2.2).
    while (buffer_.unread().starts_with("\r\n")) buffer_.consume(2);
    if (!buffer_.unread().empty() && buffer_.unread() != "\r") break;
    if (co_await read_more(until)) co_return false;
  }
  co_return true;
}

Task<bool> ServerConnection::read_head() {
  const Instant until = from_now(shared_->options.header_timeout);
  while (true) {
    const auto used = parser_->feed(buffer_.unread());
    if (!used.ok()) {
      co_await send_rejection(detail_response(parser_->refusal(), used.error().message));
      co_return false;
    }
    buffer_.consume(*used);
    if (parser_->has_head()) co_return true;
    if (co_await read_more(until)) co_return false;
  }
}

Task<bool> ServerConnection::serve_one() {
  const Instant since = kernel_now();
  if (phase_ != Phase::kIdle) activity_.set(Activity::State::kIdle, since);
  phase_ = Phase::kIdle;
  if (!co_await wait_for_request(since)) co_return false;
  phase_ = Phase::kReading;
  request_begin_ = kernel_now();
  activity_.set(Activity::State::kReadingHead, request_begin_);
  const ServerOptions& options = shared_->options;
  const ParserLimits limits{.header_bytes = options.max_header_bytes, .body_bytes = options.max_body_bytes};
  parser_.emplace(limits);
  request_stop_ = std::stop_source();
  if (!co_await read_head()) co_return false;
  if (auto response = reject(*parser_)) {
    co_await send_rejection(std::move(*response));
    co_return false;
  }
  if (is_stopping_) {
    co_await turn_away(*parse_method(parser_->method()));
    co_return false;
  }
  co_return co_await answer(*parse_method(parser_->method()));
}

Task<bool> ServerConnection::answer(Method method) {
  phase_ = Phase::kAnswering;
  activity_.set(Activity::State::kAnswering, request_begin_);
  is_body_lost_ = false;
  IncomingRequest request = take_request(method);
  Body body(*this, parser_->is_http_1_1() && request.headers.has_token("Expect", "100-continue"));
  Writer writer(*this, method == Method::kHead);
  request.body = &body;
  body.take_what_came();
  co_await call_handler(request, writer);
  if (leaving_) leaving_->cancel();
  const bool goes_on = co_await finish_request(request, body, writer);
  observe({.method = to_string(method),
           .target = request.target,
           .status = writer.status(),
           .bytes = writer.bytes(),
           .is_complete = writer.is_complete(),
           .caller = request.caller.get()});
  co_return goes_on;
}

IncomingRequest ServerConnection::take_request(Method method) {
  const auto token = request_stop_.get_token();
  const auto& timeout = shared_->options.request_timeout;
  IncomingRequest request{.method = method,
                          .target = parser_->take_target(),
                          .headers = parser_->take_headers(),
                          .peer = peer_,
                          .sharer = address_,
                          .deadline = timeout ? Deadline::after(*timeout, token) : Deadline::when_stopped(token),
                          .stopping = shared_->stopping.get_token()};
  to_origin_form(request.target, request.headers);
  return request;
}

std::optional<Response> ServerConnection::stopping_answer(const IncomingRequest& request) const {
  if (shared_->options.turn_away) return shared_->options.turn_away(request);
  Response response = detail_response(503, "the service is stopping; try again in a moment");
  response.headers.add("Retry-After", "1");
  return response;
}

Task<void> ServerConnection::turn_away(Method method) {
  const IncomingRequest request = take_request(method);
  if (auto answer = stopping_answer(request)) {
    co_await reject_request(std::move(*answer), std::string(to_string(method)), request.target);
  }
}

Task<void> ServerConnection::call_handler(IncomingRequest& request, Writer& writer) {
  std::string failure;
  try {
    co_await shared_->handler(request, writer);
    if (writer.has_started() || is_stopping_ || is_closing() || watch_->verdict()) co_return;
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

Task<bool> ServerConnection::finish_request(const IncomingRequest& request, Body& body, Writer& writer) {
  if (!writer.has_started() && !is_closing() && !watch_->verdict()) {
    auto answer = is_stopping_ ? stopping_answer(request)
                               : std::optional(detail_response(500, "internal error; the service's log says more"));
    if (!answer || !(co_await writer.send(std::move(*answer), request.deadline)).ok()) co_return false;
  }
  if (!writer.is_complete()) co_return false;
  if (writer.keeps_alive() && (body.is_read() || co_await body.drain()) && may_go_on()) co_return true;
  co_await linger();
  co_return false;
}

Task<void> ServerConnection::send_rejection(Response response) {
  co_await reject_request(std::move(response), parser_ ? parser_->method() : "", parser_ ? parser_->target() : "");
}

Task<void> ServerConnection::reject_request(Response response, std::string method, std::string target) {
  const std::string length = std::to_string(response.body.size());
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(reason_phrase(response.status)) +
                     "\r\nDate: " + date() + "\r\nContent-Length: " + length + "\r\nConnection: close\r\n";
  append_headers(head, response.headers);
  head += "\r\n";
  if (method == "HEAD") response.body.clear();
  const Gather buffers{asio::buffer(head), asio::buffer(response.body)};
  const auto written = co_await write(buffers, Deadline::never());
  observe({.method = method,
           .target = target,
           .status = response.status,
           .bytes = response.body.size(),
           .is_complete = written.ok()});
  if (written.ok()) co_await linger();
}

/// Closing while the client still sends would reset the connection and destroy the answer on its way.
Task<void> ServerConnection::linger() {
  const LimitGuard time(*watch_, Watch::Limit::kTotal, from_now(kLinger));
  co_await transport_.shut_down_writing();
  std::size_t seen = 0;
  while (seen < kMaxLingered) {
    buffer_.consume(buffer_.unread().size());
    if (co_await read_more(Instant::max())) break;
    seen += buffer_.unread().size();
  }
}

void ServerConnection::begin_read() {
  const auto room = buffer_.room();
  reading_ = Reading::kPending;
  transport_.async_read_some(
      asio::buffer(room.data, room.size),
      asio::bind_executor(
          strand_, [self = shared_from_this()](const error_code& ec, std::size_t bytes) { self->on_read(ec, bytes); }));
}

void ServerConnection::on_read(const error_code& ec, std::size_t bytes) {
  buffer_.filled(bytes);
  read_error_ = ec;
  reading_ = Reading::kDone;
  if (reader_.is_waiting()) return reader_.resume();
  if (phase_ != Phase::kAnswering) return;
  if (ec) return client_has_closed(ec);
  reading_ = Reading::kNone;
  begin_reading_ahead();
}

Task<error_code> ServerConnection::read_more(Instant until) {
  if (reading_ == Reading::kNone) begin_read();
  is_read_interrupted_ = false;
  if (reading_ == Reading::kPending) {
    const LimitGuard time(*watch_, Watch::Limit::kRead, until);
    co_await reader_.wait();
  }
  ++read_wait_;
  if (is_read_interrupted_) co_return asio::error::operation_aborted;
  if (!read_error_) reading_ = Reading::kNone;  // an error stays
  co_return read_error_;
}

void ServerConnection::interrupt_read(std::uint64_t wait) {
  if (wait != read_wait_ || !reader_.is_waiting()) return;
  is_read_interrupted_ = true;
  reader_.resume();
}

/// The request is read: whatever comes now belongs to the next one, or is the client's end.
void ServerConnection::begin_reading_ahead() {
  if (reading_ == Reading::kNone && buffer_.unread().size() < ReadBuffer::kSize) begin_read();
}

/// The client has closed its side. That may be all it closes (it has sent its request and waits), or it is gone; the
/// bytes do not tell. Only a reset is certain.
void ServerConnection::client_has_closed(const error_code& ec) {
  has_client_closed_ = true;
  if (ec != asio::error::eof) return client_has_left();
  leaving_ = std::make_unique<asio::steady_timer>(strand_, from_now(shared_->options.half_close_grace));
  leaving_->async_wait(asio::bind_executor(strand_, [self = shared_from_this()](const error_code& failure) {
    if (!failure && self->phase_ == Phase::kAnswering) self->client_has_left();
  }));
}

void ServerConnection::client_has_left() {
  phase_ = Phase::kClosing;
  if (is_writing_) watch_->end(ErrorCode::kUnavailable);
  request_stop_.request_stop();
}

std::optional<Status> ServerConnection::write_at_once(Gather& buffers) {
  const error_code ec = transport_.write_at_once(buffers);
  if (ec) return write_failed(ec);
  if (size_of(buffers) == 0) return Status{};
  return std::nullopt;
}

Task<Status> ServerConnection::write_rest(Gather buffers, Deadline deadline) {
  is_writing_ = true;
  // A stop of the request itself lets go out what is under way; `abort` ends it.
  const StopGuard stop(watch_, is_own(deadline) ? std::stop_token() : deadline.stop_token());
  const auto ec =
      co_await net::write_rest(transport_, *watch_, buffers, shared_->options.write_timeout, deadline.when());
  is_writing_ = false;
  if (ec) co_return write_failed(ec);
  co_return Status{};
}

Task<Status> ServerConnection::write(Gather buffers, Deadline deadline) {
  if (auto written = write_at_once(buffers)) co_return *std::move(written);
  co_return co_await write_rest(buffers, std::move(deadline));
}

Error ServerConnection::write_failed(const error_code& ec) {
  phase_ = Phase::kClosing;
  return io_error("the answer", ec);
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

void ServerConnection::observe(Exchange exchange) {
  if (!shared_->options.observe) return;
  exchange.peer = peer_;
  exchange.took = kernel_now() - request_begin_;
  shared_->options.observe(exchange);
}

}  // namespace fw::net

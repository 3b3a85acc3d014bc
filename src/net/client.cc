#include "net/client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/this_coro.hpp>
#include <map>
#include <mutex>
#include <vector>

#include "async/alarm.h"
#include "net/impl/client_connection.h"
#include "net/impl/message_writer.h"
#include "net/impl/origin_slots.h"
#include "net/impl/serial.h"
#include "net/impl/tls_context.h"

namespace fw::net {

namespace asio = boost::asio;

namespace {

using Kept = std::shared_ptr<ClientConnection>;

Result<WireRequest> to_wire(Request request, bool has_source, const ClientOptions& options) {
  WireRequest wire;
  FW_ASSIGN(wire.url, parse_url(request.target));
  wire.origin = wire.url.origin();
  FW_TRY(check_headers(request.headers));
  if (!has_source) request.headers.remove("Content-Length");
  FW_ASSIGN(wire.source_length, declared_length(request.headers));
  wire.is_head_request = request.method == Method::kHead;
  wire.is_replayable = !has_source && (is_idempotent(request.method) || request.headers.contains("Idempotency-Key"));
  std::string& head = wire.head;
  head.reserve(1024);
  const bool goes_whole = options.proxy && !wire.url.is_tls;  // a proxy has to be told the server (RFC 9112, 3.2.2)
  head.append(to_string(request.method)).append(" ");
  if (goes_whole) head.append(wire.origin);
  head.append(wire.url.target).append(" HTTP/1.1\r\n");
  if (goes_whole && !options.proxy->authorization.empty()) {
    head.append("Proxy-Authorization: ").append(options.proxy->authorization).append("\r\n");
  }
  if (!request.headers.contains("Host")) head.append("Host: ").append(wire.url.host_header()).append("\r\n");
  if (!request.headers.contains("User-Agent")) head.append("User-Agent: ").append(options.user_agent).append("\r\n");
  append_headers(head, request.headers);
  const bool may_have_body = request.method == Method::kPost || request.method == Method::kPut ||
                             request.method == Method::kPatch || !request.body.empty();
  if (has_source && !wire.source_length) {
    head += "Transfer-Encoding: chunked\r\n";
  } else if (!has_source && may_have_body) {
    head.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  head += "\r\n";
  if (!has_source) wire.body = std::move(request.body);
  return wire;
}

/// The event loop that a socket belongs to: its events come from there.
using LoopKey = const void*;

LoopKey key_of(const Executor& executor) { return &asio::query(executor, asio::execution::context); }

struct PoolKey {
  LoopKey loop;
  std::string origin;
  friend auto operator<=>(const PoolKey&, const PoolKey&) = default;
};

}  // namespace

struct Client::Impl {
  Impl(Executor e, ClientOptions o)
      : executor(std::move(e)), options(std::move(o)), slots(std::make_shared<OriginSlots>(options.max_per_origin)) {}

  Result<TlsContext> tls_context() {
    const std::lock_guard lock(mutex);
    if (!tls) {
      FW_ASSIGN(tls, make_client_context(options.tls));
    }
    return tls;
  }

  /// Where a socket that is used on `home` belongs: on a loop beside what awaits it, else with the client's executor.
  [[nodiscard]] const Executor& events_for(const Executor& home) const {
    return home.target<asio::io_context::executor_type>() != nullptr ? home : executor;
  }

  /// The connection that was kept last, if one of this origin is still good.
  Kept take(const PoolKey& key) {
    const std::lock_guard lock(mutex);
    forget_old();
    const auto found = idle.find(key);
    while (found != idle.end() && !found->second.empty()) {
      Kept connection = std::move(found->second.back());
      found->second.pop_back();
      const bool is_fresh = connection->kept_since + options.idle_timeout > kernel_now();
      if (is_fresh && !connection->is_stale()) return connection;
    }
    return nullptr;
  }

  void keep(Kept connection) {
    const std::lock_guard lock(mutex);
    forget_old();
    auto& kept = idle[{key_of(events_for(connection->home())), connection->origin()}];
    if (kept.size() >= options.max_idle_per_origin) return;
    // A strand may be of a loop that is gone before the connection is used again.
    if (&events_for(connection->home()) == &executor) connection->leave_home();
    connection->kept_since = kernel_now();
    kept.push_back(std::move(connection));
  }

  /// Looks through all from time to time, not at every request.
  void forget_old() {
    const Instant now = kernel_now();
    if (now < next_sweep) return;
    next_sweep = now + options.idle_timeout / 4;
    for (auto it = idle.begin(); it != idle.end();) {
      std::erase_if(it->second, [&](const Kept& c) { return c->kept_since < now - options.idle_timeout; });
      it = it->second.empty() ? idle.erase(it) : std::next(it);
    }
  }

  Executor executor;
  ClientOptions options;
  Resolver resolver;
  std::shared_ptr<OriginSlots> slots;
  mutable std::mutex mutex;
  TlsContext tls;
  std::map<PoolKey, std::vector<Kept>> idle;
  Instant next_sweep{};
};

struct ResponseStream::Impl {
  Impl(std::shared_ptr<Client::Impl> c, Kept k, OriginSlots::Slot s)
      : client(std::move(c)), connection(std::move(k)), slot(std::move(s)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (connection) connection->abandon();
  }

  /// The body is over: the connection serves others, or closes.
  void release() {
    if (!connection) return;
    if (connection->is_reusable()) {
      client->keep(std::move(connection));
    } else {
      connection->close();
    }
    connection.reset();
    slot = {};
  }

  std::shared_ptr<Client::Impl> client;
  Kept connection;
  OriginSlots::Slot slot;
  ResponseHead head;
  bool has_begun = false;  // the body was asked for
};

ResponseStream::ResponseStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ResponseStream::~ResponseStream() = default;
const ResponseHead& ResponseStream::head() const { return impl_->head; }

Task<Result<std::optional<std::string>>> ResponseStream::next(Deadline deadline) {
  impl_->has_begun = true;
  if (!impl_->connection) co_return std::optional<std::string>();
  // The connection stays where it was opened: its request may still be going out there.
  ClientConnection& connection = *impl_->connection;
  const bool is_home = co_await asio::this_coro::executor == connection.home();
  auto piece = is_home ? co_await connection.next(std::move(deadline))
                       : co_await run_at(connection.home(), connection.next(std::move(deadline)));
  if (piece.ok() && (!*piece || connection.is_complete())) impl_->release();
  co_return piece;
}

std::optional<std::string> ResponseStream::take_if_whole() {
  if (impl_->has_begun) return std::nullopt;
  if (!impl_->connection) return std::string();
  auto body = impl_->connection->take_whole_body();
  if (body) impl_->release();
  return body;
}

namespace {

using Opened = Result<std::unique_ptr<ResponseStream>>;
using WireHandle = std::shared_ptr<const WireRequest>;

Task<Result<Kept>> connected(std::shared_ptr<Client::Impl> client, WireHandle wire, Deadline deadline) {
  TlsContext tls;
  if (wire->url.is_tls) {
    FW_CO_ASSIGN(tls, client->tls_context());
  }
  const Executor home = co_await asio::this_coro::executor;
  auto connection = std::make_shared<ClientConnection>(client->events_for(home), client->options);
  connection->move_to(home);
  FW_CO_TRY(co_await connection->connect(wire->url, client->resolver, std::move(tls), std::move(deadline)));
  co_return connection;
}

std::unique_ptr<ResponseStream> stream_of(std::shared_ptr<Client::Impl> client, Kept connection,
                                          OriginSlots::Slot slot) {
  auto stream = std::make_unique<ResponseStream::Impl>(std::move(client), std::move(connection), std::move(slot));
  stream->head = stream->connection->take_head();
  if (stream->connection->is_complete()) stream->release();
  return std::make_unique<ResponseStream>(std::move(stream));
}

Task<Opened> open_serially(std::shared_ptr<Client::Impl> client, WireHandle wire, Deadline deadline, bool* has_left) {
  FW_CO_TRY(deadline.check(wire->origin));
  auto slot = client->slots->take_free(wire->origin);
  if (!slot) {
    FW_CO_ASSIGN(slot, co_await client->slots->acquire(wire->origin, deadline));
  }
  const Executor home = co_await asio::this_coro::executor;
  Kept connection = client->take({key_of(client->events_for(home)), wire->origin});
  while (true) {
    const bool is_reused = connection != nullptr;
    if (is_reused) {
      connection->move_to(home);
    } else {
      FW_CO_ASSIGN(connection, co_await connected(client, wire, deadline));
    }
    if (has_left != nullptr) *has_left = true;
    connection->begin_sending(wire);
    const auto failure = co_await connection->receive_head(wire->is_head_request, deadline);
    if (!failure) co_return stream_of(std::move(client), std::move(connection), *std::move(slot));
    connection->close();
    connection.reset();
    if (!is_reused || !wire->is_replayable || !failure->is_stale_connection) co_return failure->error;
  }
}

/// The two sides of an exchange whose request comes out of a source, each of which may end the other.
struct TwoWay {
  TwoWay(const Executor& executor, const Deadline& outer)
      : stop_with(outer.stop_token(), [source = stop]() mutable { source.request_stop(); }),
        has_sent(std::make_shared<Alarm>(executor, Instant::max())) {}

  std::stop_source stop;
  std::stop_callback<std::function<void()>> stop_with;
  Status sent;
  std::shared_ptr<Alarm> has_sent;
};

Task<void> send_all(TwoWay& both, Kept connection, WireHandle wire, BodyReader& body, Deadline deadline) {
  const auto has_sent = both.has_sent;
  try {
    both.sent = co_await connection->send_from(std::move(wire), body, std::move(deadline));
  } catch (const std::exception& e) {
    both.sent = internal(std::string("reading the request's body: ") + e.what());
  }
  // The source's failure ends the exchange; the connection's may come after an answer that is still to be read.
  if (!both.sent.ok() && both.sent.error().code != ErrorCode::kUnavailable) both.stop.request_stop();
  has_sent->ring();
}

Task<Status> receive_all(std::shared_ptr<Client::Impl> client, Kept connection, OriginSlots::Slot slot,
                         bool is_head_request, AnswerReader read, Deadline deadline) {
  if (const auto failure = co_await connection->receive_head(is_head_request, deadline)) {
    connection->close();
    co_return failure->error;
  }
  const auto stream = stream_of(std::move(client), std::move(connection), std::move(slot));
  co_return co_await read(*stream, std::move(deadline));
}

Task<Status> exchange_serially(std::shared_ptr<Client::Impl> client, WireHandle wire, BodyReader& body,
                               AnswerReader read, Deadline outer) {
  FW_CO_TRY(outer.check(wire->origin));
  auto slot = client->slots->take_free(wire->origin);
  if (!slot) {
    FW_CO_ASSIGN(slot, co_await client->slots->acquire(wire->origin, outer));
  }
  const Executor home = co_await asio::this_coro::executor;
  Kept connection = client->take({key_of(client->events_for(home)), wire->origin});
  if (connection) {
    connection->move_to(home);
  } else {
    FW_CO_ASSIGN(connection, co_await connected(client, wire, outer));
  }
  TwoWay both(home, outer);
  const Deadline deadline = Deadline::until(outer.when(), both.stop.get_token());
  connection->begin_exchange();
  asio::co_spawn(home, send_all(both, connection, wire, body, deadline), asio::detached);
  Status received;
  std::exception_ptr thrown;
  try {
    const bool is_head_request = wire->is_head_request;
    received = co_await receive_all(client, std::move(connection), *std::move(slot), is_head_request, std::move(read),
                                    deadline);
  } catch (...) {
    thrown = std::current_exception();
  }
  // Whoever has the answer needs no more of the request. The sender is joined here, in every case.
  both.stop.request_stop();
  co_await Alarm::wait(both.has_sent);
  if (thrown) std::rethrow_exception(thrown);
  if (!received.ok() && !both.sent.ok() && !outer.is_cancelled()) co_return both.sent.error();
  co_return received;
}

}  // namespace

Client::Client(Executor executor, ClientOptions options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options))) {}
Client::~Client() = default;

Task<Opened> Client::open(Request request, Deadline deadline, Sending sending) {
  FW_CO_ASSIGN(auto wire, to_wire(std::move(request), false, impl_->options));
  wire.is_replayable = wire.is_replayable || sending.may_repeat;
  auto handle = std::make_shared<const WireRequest>(std::move(wire));
  co_return co_await run_serially(open_serially(impl_, std::move(handle), std::move(deadline), sending.has_left));
}

Task<Status> Client::exchange(Request request, BodyReader& body, AnswerReader read, Deadline deadline) {
  FW_CO_ASSIGN(auto wire, to_wire(std::move(request), true, impl_->options));
  auto handle = std::make_shared<const WireRequest>(std::move(wire));
  co_return co_await run_serially(
      exchange_serially(impl_, std::move(handle), body, std::move(read), std::move(deadline)));
}

Task<Result<Response>> Client::send(Request request, Deadline deadline) {
  FW_CO_ASSIGN(const Url url, parse_url(request.target));
  FW_CO_ASSIGN(const auto stream, co_await open(std::move(request), deadline));
  auto body = co_await read_all(*stream, impl_->options.max_body_bytes, std::move(deadline));
  if (!body.ok())
    co_return body.error().code == ErrorCode::kTooLarge ? body.error().within(url.origin()) : body.error();
  co_return Response{stream->head().status, stream->head().headers, std::move(*body)};
}

std::size_t Client::idle_connections() const {
  const std::lock_guard lock(impl_->mutex);
  std::size_t count = 0;
  for (const auto& [key, kept] : impl_->idle) count += kept.size();
  return count;
}

}  // namespace fw::net

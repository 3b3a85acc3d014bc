#include "net/client.h"

#include <boost/asio/this_coro.hpp>
#include <map>
#include <mutex>
#include <vector>

#include "net/impl/client_connection.h"
#include "net/impl/message_writer.h"
#include "net/impl/serial.h"
#include "net/impl/tls_context.h"

namespace fw::net {

namespace asio = boost::asio;

namespace {

using Kept = std::unique_ptr<ClientConnection>;

Result<WireRequest> to_wire(Request request, bool has_source, const std::string& user_agent) {
  WireRequest wire;
  FW_ASSIGN(wire.url, parse_url(request.target));
  FW_TRY(check_headers(request.headers));
  if (!has_source) request.headers.remove("Content-Length");
  FW_ASSIGN(wire.source_length, declared_length(request.headers));
  wire.is_head_request = request.method == Method::kHead;
  wire.is_replayable = !has_source && (is_idempotent(request.method) || request.headers.contains("Idempotency-Key"));
  std::string& head = wire.head;
  head.append(to_string(request.method)).append(" ").append(wire.url.target).append(" HTTP/1.1\r\n");
  if (!request.headers.contains("Host")) head.append("Host: ").append(wire.url.host_header()).append("\r\n");
  if (!request.headers.contains("User-Agent")) head.append("User-Agent: ").append(user_agent).append("\r\n");
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

}  // namespace

struct Client::Impl {
  Impl(Executor e, ClientOptions o) : executor(std::move(e)), options(std::move(o)) {}

  Result<TlsContext> tls_context() {
    const std::lock_guard lock(mutex);
    if (!tls) {
      FW_ASSIGN(tls, make_client_context(options.tls));
    }
    return tls;
  }

  /// The connection that was kept last, if one of this origin is still good.
  Kept take(const std::string& origin) {
    const std::lock_guard lock(mutex);
    forget_old();
    const auto found = idle.find(origin);
    while (found != idle.end() && !found->second.empty()) {
      Kept connection = std::move(found->second.back());
      found->second.pop_back();
      if (!connection->is_stale()) return connection;
    }
    return nullptr;
  }

  void keep(Kept connection) {
    const std::lock_guard lock(mutex);
    forget_old();
    auto& kept = idle[connection->origin()];
    if (kept.size() >= options.max_idle_per_origin) return;
    connection->kept_since = std::chrono::steady_clock::now();
    kept.push_back(std::move(connection));
  }

  void forget_old() {
    const Instant oldest = std::chrono::steady_clock::now() - options.idle_timeout;
    for (auto it = idle.begin(); it != idle.end();) {
      std::erase_if(it->second, [&](const Kept& c) { return c->kept_since < oldest; });
      it = it->second.empty() ? idle.erase(it) : std::next(it);
    }
  }

  Executor executor;
  ClientOptions options;
  mutable std::mutex mutex;
  TlsContext tls;
  std::map<std::string, std::vector<Kept>> idle;
};

struct ResponseStream::Impl {
  Impl(std::shared_ptr<Client::Impl> c, Kept k) : client(std::move(c)), connection(std::move(k)) {}

  /// The body is over: the connection serves others, or closes.
  void release() {
    if (!connection) return;
    if (connection->is_reusable()) client->keep(std::move(connection));
    connection.reset();
  }

  Task<Result<std::optional<std::string>>> next(Deadline deadline) {
    if (!connection) co_return std::optional<std::string>();
    auto piece = co_await connection->next(std::move(deadline));
    if (piece.ok() && (!*piece || connection->is_complete())) release();
    co_return piece;
  }

  std::shared_ptr<Client::Impl> client;
  Kept connection;
  ResponseHead head;
};

ResponseStream::ResponseStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ResponseStream::~ResponseStream() = default;
const ResponseHead& ResponseStream::head() const { return impl_->head; }

Task<Result<std::optional<std::string>>> ResponseStream::next(Deadline deadline) {
  co_return co_await run_serially(impl_->next(std::move(deadline)));
}

namespace {

using Opened = Result<std::unique_ptr<ResponseStream>>;

Task<Result<Kept>> connected(std::shared_ptr<Client::Impl> client, const WireRequest& wire, Deadline deadline) {
  TlsContext tls;
  if (wire.url.is_tls) {
    FW_CO_ASSIGN(tls, client->tls_context());
  }
  auto connection = std::make_unique<ClientConnection>(client->executor, client->options);
  connection->begin(co_await asio::this_coro::executor);
  FW_CO_TRY(co_await connection->connect(wire.url, std::move(tls), std::move(deadline)));
  co_return connection;
}

Task<Opened> open_serially(std::shared_ptr<Client::Impl> client, Request request, BodyReader* source,
                           Deadline deadline) {
  FW_CO_ASSIGN(const WireRequest wire, to_wire(std::move(request), source != nullptr, client->options.user_agent));
  FW_CO_TRY(deadline.check(wire.url.origin()));
  Kept connection = client->take(wire.url.origin());
  while (true) {
    const bool is_reused = connection != nullptr;
    if (is_reused) {
      connection->begin(co_await asio::this_coro::executor);
    } else {
      FW_CO_ASSIGN(connection, co_await connected(client, wire, deadline));
    }
    const auto failure = co_await connection->exchange(wire, source, deadline);
    if (!failure) break;
    connection.reset();
    if (!is_reused || !wire.is_replayable || !failure->is_stale_connection) co_return failure->error;
  }
  connection->pause();
  auto stream = std::make_unique<ResponseStream::Impl>(client, std::move(connection));
  stream->head = stream->connection->take_head();
  if (stream->connection->is_complete()) stream->release();
  co_return std::make_unique<ResponseStream>(std::move(stream));
}

}  // namespace

Client::Client(Executor executor, ClientOptions options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options))) {}
Client::~Client() = default;

Task<Opened> Client::open(Request request, Deadline deadline) {
  co_return co_await run_serially(open_serially(impl_, std::move(request), nullptr, std::move(deadline)));
}

Task<Opened> Client::open(Request request, BodyReader& body, Deadline deadline) {
  co_return co_await run_serially(open_serially(impl_, std::move(request), &body, std::move(deadline)));
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
  for (const auto& [origin, kept] : impl_->idle) count += kept.size();
  return count;
}

}  // namespace fw::net

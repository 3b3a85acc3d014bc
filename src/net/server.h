#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "async/event_loops.h"
#include "net/body.h"
#include "net/http.h"
#include "net/tls.h"

namespace fw::auth {
class Caller;
}

namespace fw::net {

/// What was answered to one request: for counters and access logs. The views live during the call.
struct Exchange {
  std::string_view method;  ///< empty where the request could not be read that far
  std::string_view target;
  std::string_view peer;
  int status = 0;  ///< 499: none, the client was gone or the connection was cut
  std::uint64_t bytes = 0;
  Duration took{};
  bool is_complete = false;
  const auth::Caller* caller = nullptr;  ///< as IncomingRequest::caller; null where nobody found out
};

struct IncomingRequest;

struct ServerOptions {
  std::string name = "http";          ///< in log lines
  std::string address = "127.0.0.1";  ///< an IPv4 or IPv6 address; `0.0.0.0` for every interface
  std::uint16_t port = 0;             ///< 0: one that is free (Server::port)
  std::optional<ServerTls> tls;
  /// When there are so many, a new one takes the place of the one that has been idle for longest; the last quarter of
  /// them is for addresses with less than an equal share (base/fair_share.h). Where all have a request, it is answered
  /// 503 and closed.
  std::size_t max_connections = 4096;
  std::size_t max_connections_per_address = 0;  ///< likewise, of one address (IPv6: of one /64 network); 0: no limit
  /// Asked for every new connection, by its address, on the acceptor's thread; true resets it, and what would be
  /// answered 503 is reset too. For listeners with clients that take every answer for final and try again only where
  /// there is none.
  std::function<bool(const std::string& address)> is_full;
  std::size_t max_header_bytes = 64 * 1024;
  std::size_t max_body_bytes = std::size_t{64} << 20;
  Duration header_timeout =
      std::chrono::seconds(10);  ///< from a request's first byte to the end of its head; handshake
  /// Longest wait for `min_body_progress` bytes of a body (or for its rest): silence and drops end the same way.
  Duration body_timeout = std::chrono::seconds(30);
  std::size_t min_body_progress = 16 * 1024;
  Duration idle_timeout = std::chrono::seconds(75);   ///< between two requests
  Duration write_timeout = std::chrono::seconds(60);  ///< longest time in which a client takes no byte at all
  std::optional<Duration> request_timeout;            ///< of a handler, through its deadline; none by default
  /// How long a client that has closed its side, which is all one sees of one that is gone, may wait for its answer.
  Duration half_close_grace = std::chrono::seconds(1);
  /// How long running handlers go on undisturbed once the server stops, before their deadlines are cancelled.
  Duration drain{};
  /// The answer to a request that comes on a kept connection while the server stops; nothing: the connection is cut.
  /// Without it: 503, as JSON detail.
  std::function<std::optional<Response>(const IncomingRequest&)> turn_away;
  /// Called after every answer, rejections included, on the connection's thread; must not block or throw.
  std::function<void(const Exchange&)> observe;
};

/// A request as a handler sees it: head first, body by reading. Lives until the handler returns.
struct IncomingRequest {
  Method method = Method::kGet;
  std::string target;  ///< path and query as they came
  Headers headers;
  std::string peer;  ///< address and port of the client
  /// Whose share it takes of what requests share, as memory and the disk: that of the client's address (of IPv6 the /64
  /// network), unless something in front of the handler finds out who stands behind it (auth/guard.h).
  std::string sharer{};
  /// Who sent it, where something in front of the handler found out (auth/guard.h); nothing here looks into it.
  std::shared_ptr<const auth::Caller> caller{};
  BodyReader* body = nullptr;  ///< null in ServerOptions::turn_away alone
  /// Ends when the client is gone, when the server stops, with ServerOptions::request_timeout, and when the head of an
  /// answer to HEAD has been sent.
  Deadline deadline = Deadline::never();
  /// Stopped when the server begins to stop, before its drain: for answers that have no end of their own.
  std::stop_token stopping{};

  /// The target without its query, still percent-encoded.
  [[nodiscard]] std::string_view path() const;
  /// What follows the question mark.
  [[nodiscard]] std::string_view query() const;
};

/// Answers one request. Runs on its connection's strand. An exception becomes a 500 and a logged error (a cut
/// connection when the answer has begun); so does returning without an answer. Router (net/router.h) makes one out of
/// many.
using Handler = std::function<Task<void>(IncomingRequest&, ResponseWriter&)>;

/// An HTTP/1.1 server: one acceptor, connections that are each on one strand or loop, keep-alive, one request of a
/// connection at a time (pipelined ones wait). What is no HTTP or too large is answered (400, 413, 431, 501) and closed
/// without reaching the handler; what is too slow is closed. A client that closes its side of the connection counts as
/// gone after a grace.
///
/// All members may be called from any thread. The executor's threads must run until stop() has returned.
class Server final {
 public:
  /// A strand per connection, on any number of threads.
  Server(Executor executor, ServerOptions options, Handler handler);
  /// Each connection on one loop, one after the other in turn: without locks, and beside what its handler asks of a
  /// Client. One acceptor for all: with SO_REUSEPORT a second service on the same port would be no error.
  Server(const EventLoops& loops, ServerOptions options, Handler handler);
  /// Stops as stop_blocking(1 s) if that has not been done; then not on a thread of the executor.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds, listens and begins to accept. kResourceExhausted when the port is taken, kInvalidArgument for an address or
  /// certificate that cannot be used; each with the remedy.
  [[nodiscard]] Status start();
  /// The port that is listened on; valid after start().
  [[nodiscard]] std::uint16_t port() const;
  /// `http://127.0.0.1:8000`; valid after start().
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::size_t connections() const;

  /// No new connections; a request that comes on a kept one while others run is answered ServerOptions::turn_away.
  /// After ServerOptions::drain the deadlines of handlers that still run are cancelled; they may still answer for
  /// `grace`, then their sockets are closed; returns when all have returned.
  [[nodiscard]] Task<void> stop(Duration grace);
  /// The same for a thread that runs no event loop.
  void stop_blocking(Duration grace);
  /// The beginning of it, without waiting: so that several servers stop at the same time. Called again, it ends the
  /// drain. Either stop() then waits for the end.
  void begin_stop(Duration grace);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace fw::net

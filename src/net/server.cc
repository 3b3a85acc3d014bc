#include "net/server.h"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "async/task_group.h"
#include "base/log.h"
#include "net/impl/server_connection.h"
#include "net/impl/tls_context.h"
#include "net/url.h"

namespace fw::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// What a full table of open files gets, so that accepting does not spin.
constexpr Duration kAcceptPause = std::chrono::milliseconds(100);

Error listen_error(const ServerOptions& options, const error_code& ec) {
  const std::string port = std::to_string(options.port);
  if (ec == asio::error::address_in_use) {
    return resource_exhausted("port " + port + " is in use on " + options.address +
                              "; stop the process that listens there, or choose another port (0 takes a free one)");
  }
  if (ec == asio::error::access_denied) {
    return failed_precondition("port " + port + " may not be opened by this user; choose one above 1023");
  }
  if (ec == boost::system::errc::address_not_available) {
    return invalid_argument("address " + options.address +
                            " is not one of this machine; listen on 127.0.0.1 or 0.0.0.0");
  }
  return internal("cannot listen on " + options.address + " port " + port + ": " + ec.message());
}

/// Closes with a reset: to the client it is as if nobody listened.
void reset(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(tcp::socket::linger(true, 0), ignored);
  socket.close(ignored);
}

}  // namespace

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  /// Either several executors that are serial, or one that runs on any number of threads.
  Impl(std::vector<Executor> e, bool are_loops, ServerOptions options, Handler handler)
      : executors(std::move(e)),
        is_pinned(are_loops),
        strand(is_pinned ? executors.front() : asio::make_strand(executors.front())),
        acceptor(strand),
        pause(strand),
        grace_over(strand),
        group(strand),
        shared(std::make_shared<ServerShared>(ServerShared{std::move(options), std::move(handler), nullptr})),
        table(shared->options.max_connections, shared->options.max_connections_per_address) {}

  Status listen();
  Task<void> accept_all();
  void accepted(tcp::socket socket, Executor own);
  /// False: all are busy.
  [[nodiscard]] bool make_room(const std::string& address);
  Task<void> serve(std::shared_ptr<ServerConnection> connection, bool is_one_too_many);
  void begin_stop(Duration grace);
  void begin_stop_once(Duration grace) {
    if (!shared->stopping.stop_requested()) begin_stop(grace);
  }
  void end_drain(Duration grace);
  [[nodiscard]] bool is_answering() const;
  void end_idle_when_quiet();
  void abort_after(Duration grace);
  void end_stop();

  template <class Action>
  void for_each_connection(Action action) {
    const std::lock_guard lock(mutex);
    for (const auto& connection : connections) action(*connection);
  }

  std::vector<Executor> executors;
  bool is_pinned;  // each connection to one of the executors, which need no strand then
  std::size_t next = 0;
  Executor strand;  // of the acceptor and the timers
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  asio::steady_timer grace_over;
  TaskGroup group;
  std::shared_ptr<ServerShared> shared;
  std::uint16_t port = 0;

  mutable std::mutex mutex;
  std::set<std::shared_ptr<ServerConnection>> connections;
  ConnectionTable<ServerConnection> table;  // those that count: neither turned away nor about to close for another
  bool is_running = false;
  bool is_stopping = false;
  bool is_draining = false;
};

Status Server::Impl::listen() {
  const ServerOptions& options = shared->options;
  if (options.tls) {
    FW_ASSIGN(shared->tls, make_server_context(*options.tls));
  }
  error_code ec;
  const auto address = asio::ip::make_address(options.address, ec);
  if (ec) return invalid_argument("\"" + options.address + "\" is no IP address; listen on 127.0.0.1, ::1 or 0.0.0.0");
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) {
    error_code ignored;
    acceptor.close(ignored);
    return listen_error(options, ec);
  }
  port = acceptor.local_endpoint().port();
  return {};
}

Task<void> Server::Impl::accept_all() {
  const auto self = shared_from_this();
  bool is_failing = false;
  while (acceptor.is_open()) {
    error_code ec;
    const Executor& home = executors[next++ % executors.size()];
    tcp::socket socket = co_await acceptor.async_accept(home, asio::redirect_error(asio::use_awaitable, ec));
    if (!ec) {
      accepted(std::move(socket), is_pinned ? home : Executor(asio::make_strand(home)));
      is_failing = false;
    } else if (acceptor.is_open() && ec != asio::error::connection_aborted) {
      // A full table of open files stays full for a while: one line says so, not ten a second.
      if (!std::exchange(is_failing, true)) {
        log_error("net", "cannot accept", {{"server", shared->options.name}, {"why", ec.message()}});
      }
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    }
  }
}

bool Server::Impl::make_room(const std::string& address) {
  ConnectionTable<ServerConnection>::Room room;
  {
    const std::lock_guard lock(mutex);
    room = table.make_room(address, kernel_now());
  }
  if (room.gives_way) room.gives_way->give_way();
  return room.is_there;
}

void Server::Impl::accepted(tcp::socket socket, Executor own) {
  const std::string address = address_of(socket);
  const auto& is_full = shared->options.is_full;
  const bool is_refused = is_full && is_full(address);
  const bool is_one_too_many = is_refused || !make_room(address);
  if (is_full && is_one_too_many) return reset(socket);
  auto connection = std::make_shared<ServerConnection>(shared, std::move(socket), address, own);
  {
    const std::lock_guard lock(mutex);
    if (is_stopping) return;
    if (!is_one_too_many) table.add(connection, address);
    connections.insert(connection);
  }
  group.spawn_on(own, "connection", serve(connection, is_one_too_many));
}

Task<void> Server::Impl::serve(std::shared_ptr<ServerConnection> connection, bool is_one_too_many) {
  const auto self = shared_from_this();
  if (is_one_too_many) {
    co_await connection->run_rejecting();
  } else {
    co_await connection->run();
  }
  {
    const std::lock_guard lock(mutex);
    table.remove(connection);
    connections.erase(connection);
    if (!is_draining) co_return;
  }
  end_idle_when_quiet();
}

bool Server::Impl::is_answering() const {
  return std::any_of(connections.begin(), connections.end(), [](const auto& connection) {
    return connection->activity().seen().state == Activity::State::kAnswering;
  });
}

/// Kept connections stay while others are answered: a request that comes on one is told to go elsewhere.
void Server::Impl::end_idle_when_quiet() {
  const std::lock_guard lock(mutex);
  if (is_answering()) return;
  for (const auto& connection : connections) connection->end_idle();
}

void Server::Impl::begin_stop(Duration grace) {
  bool is_first = false;
  const bool drains = shared->options.drain > Duration::zero();
  {
    const std::lock_guard lock(mutex);
    is_first = !std::exchange(is_stopping, true);
    is_draining = is_first && drains;
  }
  shared->stopping.request_stop();
  asio::post(strand, [self = shared_from_this(), grace, waits = is_first && drains] {
    error_code ignored;
    self->acceptor.close(ignored);
    self->pause.cancel();
    if (!waits) return self->end_drain(grace);
    self->grace_over.expires_after(self->shared->options.drain);
    self->grace_over.async_wait([self, grace](const error_code& ec) {
      if (!ec) self->end_drain(grace);
    });
  });
  if (!is_first || !drains) return;
  // Looked at when every connection knows: one that answered until then without knowing would stay, idle, and one that
  // answers still closes behind its answer, where serve() looks.
  const std::shared_ptr<void> known(nullptr, [self = shared_from_this()](void*) { self->end_idle_when_quiet(); });
  for_each_connection([&](ServerConnection& c) { c.drain(known); });
}

void Server::Impl::end_drain(Duration grace) {
  for_each_connection([](ServerConnection& c) { c.stop(); });
  abort_after(grace);
}

void Server::Impl::abort_after(Duration grace) {
  grace_over.expires_after(grace);
  grace_over.async_wait([self = shared_from_this()](const error_code& ec) {
    if (!ec) self->for_each_connection([](ServerConnection& c) { c.abort(); });
  });
}

void Server::Impl::end_stop() {
  asio::post(strand, [self = shared_from_this()] { self->grace_over.cancel(); });
  const std::lock_guard lock(mutex);
  is_running = false;
}

Server::Server(Executor executor, ServerOptions options, Handler handler)
    : impl_(std::make_shared<Impl>(std::vector<Executor>{std::move(executor)}, false, std::move(options),
                                   std::move(handler))) {}

Server::Server(const EventLoops& loops, ServerOptions options, Handler handler)
    : impl_(std::make_shared<Impl>(loops.executors(), true, std::move(options), std::move(handler))) {}

Server::~Server() { stop_blocking(std::chrono::seconds(1)); }

Status Server::start() {
  FW_TRY(impl_->listen());
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->is_running = true;
  }
  impl_->group.spawn("accept", impl_->accept_all());
  log_info("net", "listening", {{"server", impl_->shared->options.name}, {"url", url()}});
  return {};
}

std::uint16_t Server::port() const { return impl_->port; }

std::string Server::url() const {
  const ServerOptions& options = impl_->shared->options;
  const bool is_any = options.address == "0.0.0.0" || options.address == "::";
  const Url url{.is_tls = options.tls.has_value(), .host = is_any ? "127.0.0.1" : options.address, .port = impl_->port};
  return url.origin();
}

std::size_t Server::connections() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->connections.size();
}

void Server::begin_stop(Duration grace) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->is_running) return;
  }
  impl_->begin_stop(grace);
}

Task<void> Server::stop(Duration grace) {
  const auto impl = impl_;
  impl->begin_stop_once(grace);
  co_await impl->group.join();
  impl->end_stop();
}

void Server::stop_blocking(Duration grace) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->is_running) return;
  }
  impl_->begin_stop_once(grace);
  impl_->group.join_blocking();
  impl_->end_stop();
}

}  // namespace fw::net

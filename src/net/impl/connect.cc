#include "net/impl/connect.h"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

namespace fw::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// A look-up under way. The name service cannot be interrupted, so the awaiter leaves it behind and this keeps its
/// memory.
struct Lookup {
  explicit Lookup(const Executor& executor) : resolver(executor), over(executor) {}
  tcp::resolver resolver;
  asio::steady_timer over;
  bool is_answered = false;
  error_code error;
  std::vector<tcp::endpoint> endpoints;
};

void start(const std::shared_ptr<Lookup>& lookup, const Executor& executor, const std::string& host,
           std::uint16_t port) {
  lookup->resolver.async_resolve(
      host, std::to_string(port),
      asio::bind_executor(executor, [lookup](const error_code& ec, const tcp::resolver::results_type& found) {
        lookup->is_answered = true;
        lookup->error = ec;
        for (const auto& entry : found) lookup->endpoints.push_back(entry.endpoint());
        lookup->over.expires_at(Instant::min());
      }));
}

}  // namespace

Task<Result<std::vector<tcp::endpoint>>> resolve(std::string host, std::uint16_t port, Deadline deadline) {
  error_code ec;
  if (const auto address = asio::ip::make_address(host, ec); !ec) {
    co_return std::vector<tcp::endpoint>{{address, port}};
  }
  const Executor executor = co_await asio::this_coro::executor;
  auto lookup = std::make_shared<Lookup>(executor);
  lookup->over.expires_at(deadline.when());
  const std::stop_callback wake(deadline.stop_token(), [lookup, executor] {
    asio::post(executor, [lookup] { lookup->over.expires_at(Instant::min()); });
  });
  start(lookup, executor, host, port);
  co_await lookup->over.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  if (!lookup->is_answered) {
    lookup->resolver.cancel();
    FW_CO_TRY(deadline.check("looking up host " + host));
    co_return deadline_exceeded("looking up host " + host + ": time ran out");
  }
  if (lookup->error || lookup->endpoints.empty()) {
    co_return unavailable("host " + host + " is not known (" + lookup->error.message() +
                          "); check the name in the url");
  }
  co_return std::move(lookup->endpoints);
}

}  // namespace fw::net

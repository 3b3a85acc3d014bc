#include "net/impl/connect.h"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <memory>

#include "async/alarm.h"

namespace fw::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr Duration kFresh = std::chrono::seconds(30);
constexpr Duration kStale = std::chrono::minutes(5);
constexpr std::size_t kMaxKnown = 1000;
constexpr Duration kNextTry = std::chrono::milliseconds(250);

/// A look-up under way. The name service cannot be interrupted, so the awaiter leaves it behind and this keeps its
/// memory.
struct Lookup {
  explicit Lookup(const Executor& executor, Instant until)
      : resolver(executor), over(std::make_shared<Alarm>(executor, until)) {}
  tcp::resolver resolver;
  std::shared_ptr<Alarm> over;
  bool is_answered = false;
  error_code error;
  Endpoints endpoints;
};

void start(const std::shared_ptr<Lookup>& lookup, const Executor& executor, const std::string& host,
           std::uint16_t port) {
  lookup->resolver.async_resolve(
      host, std::to_string(port),
      asio::bind_executor(executor, [lookup](const error_code& ec, const tcp::resolver::results_type& found) {
        lookup->is_answered = true;
        lookup->error = ec;
        for (const auto& entry : found) lookup->endpoints.push_back(entry.endpoint());
        lookup->over->ring();
      }));
}

/// Attempts to connect, one after the other and a while beside each other. Everything on one serial executor.
class Dial final : public std::enable_shared_from_this<Dial> {
 public:
  Dial(Executor events, Executor home, Endpoints endpoints, std::shared_ptr<Alarm> over)
      : events_(std::move(events)),
        home_(std::move(home)),
        endpoints_(std::move(endpoints)),
        over_(std::move(over)),
        next_try_(home_) {}

  void try_next() {
    if (is_over_ || attempts_.size() == endpoints_.size()) return;
    const std::size_t index = attempts_.size();
    auto& socket = *attempts_.emplace_back(std::make_unique<tcp::socket>(events_));
    socket.async_connect(endpoints_[index],
                         asio::bind_executor(home_, [self = shared_from_this(), index](const error_code& ec) {
                           self->on_connected(index, ec);
                         }));
    if (attempts_.size() == endpoints_.size()) return;
    next_try_.expires_after(kNextTry);
    next_try_.async_wait(asio::bind_executor(home_, [self = shared_from_this()](const error_code& ec) {
      if (!ec) self->try_next();
    }));
  }

  void end() {
    is_over_ = true;
    next_try_.cancel();
    attempts_.clear();
  }

  std::unique_ptr<tcp::socket> winner;
  error_code error;

 private:
  void on_connected(std::size_t index, const error_code& ec) {
    if (is_over_) return;
    if (ec) {
      error = ec;
      if (++failures_ == endpoints_.size()) {
        over_->ring();
      } else if (failures_ == attempts_.size()) {
        try_next();
      }
      return;
    }
    winner = std::move(attempts_[index]);
    end();
    over_->ring();
  }

  Executor events_;
  Executor home_;
  Endpoints endpoints_;
  std::shared_ptr<Alarm> over_;
  asio::steady_timer next_try_;
  std::vector<std::unique_ptr<tcp::socket>> attempts_;
  std::size_t failures_ = 0;
  bool is_over_ = false;
};

Error connect_error(const std::string& origin, const error_code& ec) {
  if (ec == asio::error::connection_refused) {
    return unavailable(origin + ": connection refused; is the server running, and is this its port?");
  }
  return unavailable(origin + ": cannot connect: " + ec.message() + "; check the url and the network");
}

}  // namespace

Endpoints interleaved(const Endpoints& endpoints) {
  Endpoints first, second, out;
  for (const auto& e : endpoints) {
    const bool is_first = e.address().is_v6() == endpoints.front().address().is_v6();
    (is_first ? first : second).push_back(e);
  }
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) out.push_back(first[i]);
    if (i < second.size()) out.push_back(second[i]);
  }
  return out;
}

std::optional<Resolver::Known> Resolver::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(key);
  if (found == known_.end()) return std::nullopt;
  return found->second;
}

void Resolver::remember(const std::string& key, const Endpoints& endpoints) {
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kMaxKnown) known_.clear();
  known_[key] = {endpoints, kernel_now()};
}

Task<Result<Endpoints>> Resolver::resolve(std::string host, std::uint16_t port, Deadline deadline) {
  error_code ec;
  if (const auto address = asio::ip::make_address(host, ec); !ec) co_return Endpoints{{address, port}};
  const std::string key = host + ":" + std::to_string(port);
  const auto known = find(key);
  if (known && kernel_now() - known->since < kFresh) co_return known->endpoints;
  const Executor executor = co_await asio::this_coro::executor;
  auto lookup = std::make_shared<Lookup>(executor, deadline.when());
  {
    const std::stop_callback wake(deadline.stop_token(), [over = lookup->over] { over->ring(); });
    start(lookup, executor, host, port);
    co_await Alarm::wait(lookup->over);
  }
  if (!lookup->is_answered) {
    lookup->resolver.cancel();
    FW_CO_TRY(deadline.check("looking up host " + host));
    co_return deadline_exceeded("looking up host " + host + ": time ran out");
  }
  if (!lookup->error && !lookup->endpoints.empty()) {
    const Endpoints found = interleaved(lookup->endpoints);
    remember(key, found);
    co_return found;
  }
  if (known && kernel_now() - known->since < kStale) co_return known->endpoints;
  co_return unavailable("host " + host + " is not known (" + lookup->error.message() + "); check the name in the url");
}

Task<Result<tcp::socket>> connect_first(Executor events, Endpoints endpoints, std::string origin, Deadline deadline) {
  const Executor home = co_await asio::this_coro::executor;
  auto over = std::make_shared<Alarm>(home, deadline.when());
  auto dial = std::make_shared<Dial>(std::move(events), home, std::move(endpoints), over);
  dial->try_next();
  {
    const std::stop_callback wake(deadline.stop_token(), [over] { over->ring(); });
    co_await Alarm::wait(over);
  }
  dial->end();
  if (dial->winner) co_return std::move(*dial->winner);
  if (deadline.is_cancelled()) co_return cancelled(origin + ": cancelled while connecting");
  if (kernel_now() >= deadline.when()) {
    co_return deadline_exceeded(
        origin + ": time ran out while connecting; is the server overloaded? allow more time or send less at once");
  }
  co_return connect_error(origin, dial->error);
}

}  // namespace fw::net

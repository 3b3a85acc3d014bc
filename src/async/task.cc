#include "async/task.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

namespace fw {

namespace asio = boost::asio;

Task<Status> sleep_for(Duration wait, Deadline deadline) {
  if (auto status = deadline.check("wait"); !status.ok()) co_return status;
  const auto executor = co_await asio::this_coro::executor;
  const Instant end = std::chrono::steady_clock::now() + wait;
  // Shared with the callback: the stop may come from another thread while this coroutine is already gone.
  auto timer = std::make_shared<asio::steady_timer>(executor, std::min(end, deadline.when()));
  const std::stop_callback wake(deadline.stop_token(), [timer, executor] {
    asio::post(executor, [timer] { timer->expires_at(Instant::min()); });
  });
  boost::system::error_code ignored;
  co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (end <= deadline.when() && !deadline.is_cancelled()) co_return Status{};
  co_return deadline.check("wait");
}

}  // namespace fw

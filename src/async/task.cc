#include "async/task.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <memory>

#include "async/alarm.h"

namespace fw {

Task<Status> sleep_for(Duration wait, Deadline deadline) {
  if (auto status = deadline.check("wait"); !status.ok()) co_return status;
  const Instant end = from_now(wait);
  // Shared with the callback: the stop may come from another thread while this coroutine is already gone.
  auto alarm = std::make_shared<Alarm>(co_await boost::asio::this_coro::executor, std::min(end, deadline.when()));
  const std::stop_callback wake(deadline.stop_token(), [alarm] { alarm->ring(); });
  co_await Alarm::wait(alarm);
  if (end <= deadline.when() && !deadline.is_cancelled()) co_return Status{};
  co_return deadline.check("wait");
}

}  // namespace fw

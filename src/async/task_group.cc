#include "async/task_group.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "async/alarm.h"
#include "base/assert.h"
#include "base/log.h"

namespace fw {

namespace asio = boost::asio;

namespace {

void log_escaped(std::string_view name, const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    log_error("async", "task ended with an exception", {{"task", name}, {"what", e.what()}});
  } catch (...) {
    log_error("async", "task ended with an exception", {{"task", name}, {"what", "no std::exception"}});
  }
}

}  // namespace

struct TaskGroup::State {
  explicit State(Executor e) : executor(std::move(e)) {}

  void finished_one() {
    const std::lock_guard lock(mutex);
    if (--running > 0) return;
    empty.notify_all();
    for (const auto& alarm : waiters) alarm->ring();
    waiters.clear();
  }

  Executor executor;
  std::stop_source stop;
  mutable std::mutex mutex;
  std::condition_variable empty;
  std::size_t running = 0;
  std::vector<std::shared_ptr<Alarm>> waiters;
};

TaskGroup::TaskGroup(Executor executor) : state_(std::make_shared<State>(std::move(executor))) {}
TaskGroup::~TaskGroup() { FW_ASSERT(size() == 0); }

void TaskGroup::spawn(std::string_view name, Task<void> task) { spawn_on(state_->executor, name, std::move(task)); }

void TaskGroup::spawn_on(Executor executor, std::string_view name, Task<void> task) {
  {
    const std::lock_guard lock(state_->mutex);
    ++state_->running;
  }
  asio::co_spawn(std::move(executor), std::move(task),
                 [state = state_, label = std::string(name)](const std::exception_ptr& failure) {
                   if (failure) log_escaped(label, failure);
                   state->finished_one();
                 });
}

std::stop_token TaskGroup::stop_token() const { return state_->stop.get_token(); }
void TaskGroup::request_stop() { state_->stop.request_stop(); }
std::size_t TaskGroup::size() const {
  const std::lock_guard lock(state_->mutex);
  return state_->running;
}

Task<void> TaskGroup::join() {
  auto state = state_;
  auto alarm = std::make_shared<Alarm>(co_await asio::this_coro::executor, Instant::max());
  {
    const std::lock_guard lock(state->mutex);
    if (state->running == 0) co_return;
    state->waiters.push_back(alarm);
  }
  co_await Alarm::wait(alarm);
}

void TaskGroup::join_blocking() {
  std::unique_lock lock(state_->mutex);
  state_->empty.wait(lock, [this] { return state_->running == 0; });
}

namespace {

/// What the workers of one for_each_bounded share.
struct Fan {
  Fan(std::size_t n, Deadline d, std::function<Task<void>(std::size_t)> b)
      : count(n), deadline(std::move(d)), body(std::move(b)) {}

  std::size_t count;
  Deadline deadline;
  std::function<Task<void>(std::size_t)> body;
  std::mutex mutex;
  std::size_t next = 0;
  std::exception_ptr failure;

  std::optional<std::size_t> take() {
    const std::lock_guard lock(mutex);
    if (next >= count || failure || deadline.is_cancelled()) return std::nullopt;
    return next++;
  }
  void fail(std::exception_ptr e) {
    const std::lock_guard lock(mutex);
    if (!failure) failure = std::move(e);
  }
};

Task<void> drain(std::shared_ptr<Fan> fan) {
  while (const auto index = fan->take()) {
    try {
      co_await fan->body(*index);
    } catch (...) {
      fan->fail(std::current_exception());
    }
  }
}

}  // namespace

Task<void> for_each_bounded(std::size_t count, std::size_t parallelism, Deadline deadline,
                            std::function<Task<void>(std::size_t)> body) {
  auto fan = std::make_shared<Fan>(count, std::move(deadline), std::move(body));
  TaskGroup group(co_await asio::this_coro::executor);
  for (std::size_t i = 0; i < std::min(std::max<std::size_t>(parallelism, 1), count); ++i) {
    group.spawn("for_each_bounded", drain(fan));
  }
  co_await group.join();
  if (fan->failure) std::rethrow_exception(fan->failure);
}

}  // namespace fw

#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>

#include "async/alarm.h"
#include "async/pool.h"
#include "async/task.h"

namespace fw {

/// What work on a pool and who waits for it share. The alarm is the waiter's: gone once it has left.
template <class Outcome>
struct PoolWait {
  std::mutex mutex;
  std::shared_ptr<Alarm> alarm;
  std::optional<Outcome> outcome;
  std::exception_ptr failure;

  [[nodiscard]] bool is_left() {
    const std::lock_guard lock(mutex);
    return alarm == nullptr;
  }
  template <class Work>
  void run(Work& work) {
    std::optional<Outcome> made;
    std::exception_ptr thrown;
    try {
      made.emplace(work());
    } catch (...) {
      thrown = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    if (!alarm) return;
    outcome = std::move(made);
    failure = thrown;
    alarm->ring();
  }
  /// Also when the waiter's event loop is destroyed under it.
  struct Stay {
    PoolWait& wait;
    ~Stay() {
      const std::lock_guard lock(wait.mutex);
      wait.alarm.reset();
    }
  };
};

/// run_if_room() for a wait that ends with its deadline, or a stop: work that has not begun by then is not begun, work
/// that runs goes on alone, and what comes of it is dropped. So `work` holds copies of what it needs; what it refers to
/// outlives the pool.
template <class Work>
Task<std::invoke_result_t<Work>> run_until(Pool& pool, Deadline deadline, std::string what, Work work) {
  using Outcome = std::invoke_result_t<Work>;
  FW_CO_TRY(deadline.check(what));
  if (pool.waiting() >= pool.most_waiting()) co_return co_await run_if_room(pool, std::move(work));  // which says no
  const auto wait = std::make_shared<PoolWait<Outcome>>();
  const auto alarm = std::make_shared<Alarm>(co_await boost::asio::this_coro::executor, deadline.when());
  wait->alarm = alarm;
  const typename PoolWait<Outcome>::Stay stay{*wait};
  boost::asio::post(pool.executor(),
                    [&pool, wait, work = std::move(work),
                     waiting = std::unique_ptr<Pool::Counted>(new Pool::Counted(pool.count_waiting()))]() mutable {
                      waiting.reset();
                      if (wait->is_left()) return;
                      const auto running = pool.begin_running();
                      wait->run(work);
                    });
  const std::stop_callback wake(deadline.stop_token(), [&alarm] { alarm->ring(); });
  co_await Alarm::wait(alarm);
  const std::lock_guard lock(wait->mutex);
  if (wait->failure) std::rethrow_exception(wait->failure);
  if (wait->outcome) co_return *std::move(wait->outcome);
  wait->alarm.reset();
  FW_CO_TRY(deadline.check(what));
  co_return deadline_exceeded(what + ": time ran out");
}

}  // namespace fw

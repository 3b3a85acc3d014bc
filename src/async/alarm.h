#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <mutex>

#include "async/task.h"

namespace fw {

/// A wait for a moment that may be cut short from any thread: what Asio's timers, which one thread at a time may touch,
/// do not offer. For one waiter; whoever rings holds it by shared_ptr.
class Alarm final {
 public:
  /// Goes off by itself at `when`.
  Alarm(const Executor& executor, Instant when) : timer_(executor, when) {}
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  /// Returns when it has gone off, at once if it has already. On the awaiter's executor.
  [[nodiscard]] static Task<void> wait(std::shared_ptr<Alarm> alarm);
  /// Makes it go off now. From any thread.
  void ring();

 private:
  std::mutex mutex_;  // guards both
  boost::asio::steady_timer timer_;
  bool has_rung_ = false;
};

}  // namespace fw

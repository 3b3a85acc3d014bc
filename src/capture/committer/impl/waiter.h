#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "async/alarm.h"
#include "logstore/log_store.h"

namespace fw::capture {

/// One coroutine that waits for the disk. Everything in it is guarded by the committer's mutex, but for `is_done`,
/// which is set last and then lets the coroutine read `result` without.
struct Waiter {
  Waiter(const Executor& executor, Instant until) : home(executor), alarm(std::make_shared<Alarm>(executor, until)) {}

  [[nodiscard]] bool has_left() const { return alarm == nullptr; }

  Executor home;
  std::shared_ptr<Alarm> alarm;  ///< null once the coroutine has gone: its event loop may be gone too
  std::optional<Result<logstore::AppendReport>> result;
  std::atomic<bool> is_done = false;
};

/// Waiters that have their result and are resumed together: one message to each executor, however many wait there.
class WakeUps final {
 public:
  void add(const Waiter& waiter);
  /// Sends them. While the committer's mutex is held, so that no waiter's event loop goes away before.
  void send();

 private:
  struct Group {
    Executor executor;
    std::vector<std::shared_ptr<Alarm>> alarms;
  };
  std::vector<Group> groups_;
};

}  // namespace fw::capture

#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"

namespace fw::capture {

/// Leaves an upstream alone for a while after so many failures one after the other; then lets one request try, and
/// closes again when it succeeds. From any thread, without locks.
class CircuitBreaker final {
 public:
  CircuitBreaker(int failures_until_open, Duration open_for) : limit_(failures_until_open), open_for_(open_for) {}

  /// Whether to ask now. After an opening time it is true once in each.
  [[nodiscard]] bool allows(Instant now) {
    std::int64_t until = open_until_.load(std::memory_order_relaxed);
    if (until == 0) return true;
    if (ticks(now) < until) return false;
    return open_until_.compare_exchange_strong(until, ticks(now + open_for_));
  }
  void note_success() {
    if (failures_.load(std::memory_order_relaxed) != 0) failures_ = 0;
    if (open_until_.load(std::memory_order_relaxed) != 0) open_until_ = 0;
  }
  void note_failure(Instant now) {
    if (++failures_ >= limit_) open_until_ = ticks(now + open_for_);
  }
  [[nodiscard]] bool is_open() const { return open_until_.load(std::memory_order_relaxed) != 0; }
  /// How long until one may try; zero when it is closed.
  [[nodiscard]] Duration wait(Instant now) const {
    const std::int64_t left = open_until_.load() - ticks(now);
    return Duration(left > 0 ? left : 0);
  }

 private:
  static std::int64_t ticks(Instant when) { return Duration(when.time_since_epoch()).count(); }

  const int limit_;
  const Duration open_for_;
  std::atomic<int> failures_{0};
  std::atomic<std::int64_t> open_until_{0};  // 0: closed
};

}  // namespace fw::capture

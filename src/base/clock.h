#pragma once

#include <chrono>
#include <mutex>
#include <string>

namespace fw {

using Duration = std::chrono::nanoseconds;
/// Wall-clock time, UTC.
using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;
/// Time that never jumps; for measuring and for deadlines.
using Instant = std::chrono::steady_clock::time_point;

/// `when` and `wait` after it; Instant::max() where that lies beyond the end of time.
[[nodiscard]] Instant saturating_add(Instant when, Duration wait);
/// The time by which sockets and timers wait, which the kernel keeps; only for those. All else takes a Clock.
[[nodiscard]] Instant kernel_now();
/// saturating_add(kernel_now(), wait).
[[nodiscard]] Instant from_now(Duration wait);

/// Where all other time comes from. Implementations are safe to use from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Timestamp now() const = 0;
  [[nodiscard]] virtual Instant instant() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override;
  [[nodiscard]] Instant instant() const override;
};

/// A clock that stands still until a test moves it.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start = Timestamp{}) : now_(start) {}
  [[nodiscard]] Timestamp now() const override;
  [[nodiscard]] Instant instant() const override;
  void advance(Duration by);

 private:
  mutable std::mutex mutex_;
  Timestamp now_;
  Instant instant_{};
};

/// `2026-11-24T15:04:05.123456`, UTC without zone: the form of the blueprint's API.
[[nodiscard]] std::string to_iso8601(Timestamp time);
[[nodiscard]] inline double to_seconds(Duration d) { return std::chrono::duration<double>(d).count(); }
/// Whole seconds since 1970.
[[nodiscard]] std::int64_t to_epoch_seconds(Timestamp time);
[[nodiscard]] Timestamp from_epoch_seconds(std::int64_t seconds);

}  // namespace fw

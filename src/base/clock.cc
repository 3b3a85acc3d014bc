#include "base/clock.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace fw {

Timestamp SystemClock::now() const {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}
Instant SystemClock::instant() const { return std::chrono::steady_clock::now(); }

Timestamp ManualClock::now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}
Instant ManualClock::instant() const {
  const std::lock_guard lock(mutex_);
  return instant_;
}
void ManualClock::advance(Duration by) {
  const std::lock_guard lock(mutex_);
  now_ += by;
  instant_ += by;
}

Instant saturating_add(Instant when, Duration wait) {
  const bool is_beyond = wait > Duration::zero() && when > Instant::max() - wait;
  return is_beyond ? Instant::max() : when + wait;
}
Instant kernel_now() { return std::chrono::steady_clock::now(); }
Instant from_now(Duration wait) { return saturating_add(kernel_now(), wait); }

std::string to_iso8601(Timestamp time) {
  const auto micros = std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch()).count();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  const std::time_t t = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&t, &parts);
  std::array<char, 32> day{};
  std::strftime(day.data(), day.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 48> out{};
  std::snprintf(out.data(), out.size(), "%s.%06lld", day.data(), static_cast<long long>(micros - seconds * 1'000'000));
  return out.data();
}

std::int64_t to_epoch_seconds(Timestamp time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}
Timestamp from_epoch_seconds(std::int64_t seconds) { return Timestamp{std::chrono::seconds{seconds}}; }

}  // namespace fw

#pragma once

#include <chrono>
#include <stop_token>

#include "base/clock.h"
#include "base/result.h"

namespace fw {

/// Until when something may wait, and who may end the wait early. A value; an argument of everything that waits. The
/// stop token is how a cancelled run, a client that went away or a shutdown reaches every wait below it.
class Deadline {
 public:
  /// No time limit and nobody to cancel: only for tests and for main.
  static Deadline never() { return {}; }
  static Deadline after(Duration wait, std::stop_token stop = {}) { return {from_now(wait), std::move(stop)}; }
  static Deadline until(Instant when, std::stop_token stop = {}) { return {when, std::move(stop)}; }
  static Deadline when_stopped(std::stop_token stop) { return {Instant::max(), std::move(stop)}; }

  /// The same stop token, ending `wait` from now or when this one ends, whichever comes first.
  [[nodiscard]] Deadline within(Duration wait) const { return {std::min(when_, from_now(wait)), stop_}; }

  [[nodiscard]] Instant when() const { return when_; }
  [[nodiscard]] const std::stop_token& stop_token() const { return stop_; }
  [[nodiscard]] bool is_cancelled() const { return stop_.stop_requested(); }
  [[nodiscard]] bool is_over() const { return is_cancelled() || kernel_now() >= when_; }
  /// kCancelled or kDeadlineExceeded with `what` in the message when over; success otherwise.
  [[nodiscard]] Status check(std::string_view what) const;

 private:
  Deadline() = default;
  Deadline(Instant when, std::stop_token stop) : when_(when), stop_(std::move(stop)) {}

  Instant when_ = Instant::max();
  std::stop_token stop_;
};

}  // namespace fw

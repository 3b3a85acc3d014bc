#pragma once

#include "base/clock.h"
#include "base/error.h"

namespace fw::workflow {

/// How often a step is tried, and how long it waits in between. Only errors that time may heal are tried again.
struct RetryPolicy {
  int max_attempts = 1;
  Duration first_pause = std::chrono::seconds(1);
  double factor = 2.0;  ///< each pause is this many times the one before
  Duration longest_pause = std::chrono::minutes(10);
};

/// The pause after the attempt with this number (from 1).
[[nodiscard]] Duration pause_after(const RetryPolicy& policy, int attempt);
[[nodiscard]] bool should_retry(const RetryPolicy& policy, int attempt, const Error& error);

}  // namespace fw::workflow

#include "workflow/retry.h"

#include <algorithm>
#include <cmath>

namespace fw::workflow {

Duration pause_after(const RetryPolicy& policy, int attempt) {
  const double pause = to_seconds(policy.first_pause) * std::pow(policy.factor, std::max(attempt - 1, 0));
  if (!(pause < to_seconds(policy.longest_pause))) return policy.longest_pause;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(pause));
}

bool should_retry(const RetryPolicy& policy, int attempt, const Error& error) {
  return attempt < policy.max_attempts && is_retryable(error.code);
}

}  // namespace fw::workflow

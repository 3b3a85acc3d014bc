#pragma once

#include <optional>

#include "base/random.h"
#include "net/client.h"

namespace fw::net {

/// How often and after which waits a request is sent again.
struct RetryPolicy {
  int max_attempts = 4;  ///< the first one included
  Duration first_wait = std::chrono::milliseconds(500);
  double factor = 2.0;
  Duration max_wait = std::chrono::seconds(30);          ///< of the backoff
  Duration max_retry_after = std::chrono::seconds(120);  ///< a server that asks for more is not waited for
  /// Of each attempt alone; the whole is bounded by the deadline.
  std::optional<Duration> attempt_timeout;
  /// 409 too: what some model servers answer while they load.
  bool retry_conflict = false;
};

/// The wait before the next attempt, or nullopt when `outcome` is final: a success, an error that trying again cannot
/// help (base/error.h), a status other than 408, 429 and 5xx (501 and 505 excepted), or attempts used up. A Retry-After
/// (seconds or date) is obeyed; otherwise first_wait * factor^(attempts_made - 1), at most max_wait, of which a random
/// half is taken off so that clients do not come back together.
[[nodiscard]] std::optional<Duration> next_wait(const RetryPolicy& policy, int attempts_made,
                                                const Result<Response>& outcome, Timestamp now, Random& random);

/// What a server asks for with Retry-After: seconds (also fractions, which some send) or a date; nullopt where it does
/// not, or asks for nonsense.
[[nodiscard]] std::optional<Duration> retry_after(const Headers& headers, Timestamp now);

/// Sends until next_wait says that the outcome is final, or the deadline ends: then the last outcome is returned,
/// unless the deadline was cancelled (kCancelled). `random` and `clock` must outlive the task.
[[nodiscard]] Task<Result<Response>> send_with_retry(Client& client, Request request, RetryPolicy policy,
                                                     Random& random, const Clock& clock, Deadline deadline);

}  // namespace fw::net

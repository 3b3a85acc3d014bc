#include "capture/gateway/impl/retry_rule.h"

#include <algorithm>

#include "net/retry.h"

namespace fw::capture {
namespace {

constexpr Duration kFirstWait = std::chrono::milliseconds(50);

Duration backoff(int tries) { return kFirstWait * (1LL << std::clamp(tries - 1, 0, 6)); }

}  // namespace

bool is_failure(const Attempt& attempt) {
  if (attempt.answer == nullptr) return attempt.failure == nullptr || attempt.failure->code != ErrorCode::kCancelled;
  return attempt.answer->status >= 500 && attempt.answer->status != 501;
}

bool wants_fallback(const Attempt& attempt) {
  return is_failure(attempt) || (attempt.answer != nullptr && attempt.answer->status == 429);
}

std::optional<Duration> wait_before_retry(const Attempt& attempt, int tries, Duration most, Timestamp now) {
  std::optional<Duration> wait;
  if (attempt.answer == nullptr) {
    if (!attempt.was_sent) wait = backoff(tries);
  } else {
    const auto asked = net::retry_after(attempt.answer->headers, now);
    const int status = attempt.answer->status;
    if (status == 429) wait = asked;
    if (status == 502 || status == 503) wait = asked.value_or(backoff(tries));
  }
  return wait && *wait <= most ? wait : std::nullopt;
}

}  // namespace fw::capture

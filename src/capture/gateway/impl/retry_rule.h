#pragma once

#include <optional>

#include "base/clock.h"
#include "net/http.h"

namespace fw::capture {

/// What an attempt came to, before anything of it went to the client.
struct Attempt {
  const net::ResponseHead* answer = nullptr;  ///< nullptr: there was none
  const Error* failure = nullptr;             ///< why
  bool was_sent = true;                       ///< the upstream may have begun to work on it
};

/// The upstream, or the way to it, failed: it counts for the circuit breaker.
[[nodiscard]] bool is_failure(const Attempt& attempt);

/// Another upstream may do better: a failure, or an upstream that has no room (429).
[[nodiscard]] bool wants_fallback(const Attempt& attempt);

/// The wait before the same request may be sent again to the same upstream; nullopt when the outcome is the client's
/// to see: an answer other than 429 with Retry-After, 502 and 503, a wait beyond `most`, or a failure in which the
/// upstream may have begun to work. `tries` have been made.
[[nodiscard]] std::optional<Duration> wait_before_retry(const Attempt& attempt, int tries, Duration most,
                                                        Timestamp now);

}  // namespace fw::capture

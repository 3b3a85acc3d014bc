#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace fw::capture {

/// What comes from outside is before it. There is room for a second more, so that a part of one may be added, and what
/// comes after any record has a time too.
inline constexpr Timestamp kLastTime{std::chrono::seconds(9'223'372'035)};  // in April 2262

/// A time between 1970 and 2262 out of a number or a text: epoch seconds, whole or with a fraction; larger numbers are
/// milliseconds (from 1e11), microseconds (from 1e14) or nanoseconds (from 1e17); a fraction of seconds is rounded to
/// microseconds unless it has nine digits; ISO-8601 with hyphens and colons or
/// without them: a calendar, week or ordinal date, alone or with a time to the hour, minute or second, a fraction of
/// the last of these, and a zone (`Z`, `+02:00`, `+0200`, `+02`, `UTC`; none means UTC). Nothing when it is none of
/// these.
[[nodiscard]] std::optional<Timestamp> parse_timestamp(std::string_view text);

}  // namespace fw::capture

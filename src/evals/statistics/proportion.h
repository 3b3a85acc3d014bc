#pragma once

#include <cstdint>

#include "evals/statistics/interval.h"

namespace fw::evals {

/// Interval of a rate of which `successes` of n trials (n > 0) were seen; it covers the true rate with 1 - alpha.
/// Wilson (1927), the score interval: close to its nominal coverage also for few trials and at both ends.
[[nodiscard]] Interval wilson_interval(std::int64_t successes, std::int64_t n, double alpha = 0.05);

/// The same of a rate seen on an effective number of rows (n > 0) that need not be whole.
[[nodiscard]] Interval wilson_interval_of_rate(double rate, double n, double alpha = 0.05);

}  // namespace fw::evals

#include "evals/statistics/proportion.h"

#include <algorithm>
#include <cmath>

#include "base/assert.h"
#include "evals/statistics/distributions.h"

namespace fw::evals {

Interval wilson_interval(std::int64_t successes, std::int64_t n, double alpha) {
  FW_ASSERT(n > 0 && successes >= 0 && successes <= n);
  return wilson_interval_of_rate(static_cast<double>(successes) / static_cast<double>(n), static_cast<double>(n),
                                 alpha);
}

Interval wilson_interval_of_rate(double rate, double n, double alpha) {
  FW_ASSERT(n > 0 && rate >= 0 && rate <= 1);
  const double z = normal_quantile(1 - alpha / 2), weight = 1 + z * z / n;
  const double center = (rate + z * z / (2 * n)) / weight;
  const double half = z * std::sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / weight;
  return {rate == 0 ? 0 : std::max(center - half, 0.0), rate == 1 ? 1 : std::min(center + half, 1.0)};
}

}  // namespace fw::evals

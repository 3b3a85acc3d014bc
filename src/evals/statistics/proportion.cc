#include "evals/statistics/proportion.h"

#include <algorithm>
#include <cmath>

#include "base/assert.h"
#include "evals/statistics/distributions.h"

namespace fw::evals {

Interval wilson_interval(std::int64_t successes, std::int64_t n, double alpha) {
  FW_ASSERT(n > 0 && successes >= 0 && successes <= n);
  const double z = normal_quantile(1 - alpha / 2), trials = static_cast<double>(n);
  const double p = static_cast<double>(successes) / trials, weight = 1 + z * z / trials;
  const double center = (p + z * z / (2 * trials)) / weight;
  const double half = z * std::sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials)) / weight;
  return {successes == 0 ? 0 : std::max(center - half, 0.0), successes == n ? 1 : std::min(center + half, 1.0)};
}

Interval clopper_pearson_interval(std::int64_t successes, std::int64_t n, double alpha) {
  FW_ASSERT(n > 0 && successes >= 0 && successes <= n);
  const double k = static_cast<double>(successes), rest = static_cast<double>(n - successes);
  return {successes == 0 ? 0 : beta_quantile(alpha / 2, k, rest + 1),
          successes == n ? 1 : beta_quantile(1 - alpha / 2, k + 1, rest)};
}

}  // namespace fw::evals

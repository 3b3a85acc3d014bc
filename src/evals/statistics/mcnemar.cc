#include "evals/statistics/mcnemar.h"

#include <algorithm>

#include "evals/statistics/distributions.h"

namespace fw::evals {

McNemarTest mcnemar_exact(Discordant pairs) {
  const std::int64_t b = pairs.candidate_only, c = pairs.baseline_only, n = b + c;
  if (n == 0) return {};
  return {.two_sided = std::min(1.0, 2 * binomial_cdf(std::min(b, c), n, 0.5)),
          .candidate_better = binomial_sf(b - 1, n, 0.5),
          .candidate_worse = binomial_cdf(b, n, 0.5)};
}

}  // namespace fw::evals

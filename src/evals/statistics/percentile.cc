#include "evals/statistics/percentile.h"

#include <cmath>

#include "base/assert.h"

namespace fw::evals {

double percentile_of_sorted(std::span<const double> values, double q) {
  FW_ASSERT(!values.empty() && q >= 0 && q <= 100);
  const double place = q / 100 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 >= values.size()) return values.back();
  return values[below] + (place - std::floor(place)) * (values[below + 1] - values[below]);
}

}  // namespace fw::evals

#pragma once

#include <span>
#include <vector>

namespace fw::evals {

/// The q-th percentile (0 <= q <= 100) of at least one value, interpolated linearly between the two nearest in order
/// (Hyndman and Fan's definition 7, numpy's default).
[[nodiscard]] double percentile(std::vector<double> values, double q);
/// The same of values that are in order already.
[[nodiscard]] double percentile_of_sorted(std::span<const double> values, double q);

}  // namespace fw::evals

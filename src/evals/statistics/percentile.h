#pragma once

#include <span>

namespace fw::evals {

/// The q-th percentile (0 <= q <= 100) of at least one value, which are in order, interpolated linearly between the two
/// nearest (Hyndman and Fan's definition 7, numpy's default).
[[nodiscard]] double percentile_of_sorted(std::span<const double> values, double q);

}  // namespace fw::evals

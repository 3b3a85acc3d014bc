#pragma once

#include <span>
#include <vector>

namespace fw::evals {

/// p-values of several tests made at once, adjusted so that each can be compared with the level itself; in the order
/// given, at most 1.
[[nodiscard]] std::vector<double> holm(std::span<const double> p);  ///< Holm 1979: family-wise error

}  // namespace fw::evals

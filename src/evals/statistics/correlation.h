#pragma once

#include <span>

namespace fw::evals {

/// A coefficient in [-1, 1] and the two-sided p-value of "there is none"; both NaN where a side is constant.
struct Correlation {
  double coefficient = 0;
  double p_value = 1;
};

/// Linear correlation; NaN where a side is constant. At least two pairs, here and below.
[[nodiscard]] double pearson(std::span<const double> x, std::span<const double> y);

/// Of the ranks, ties at their mean rank; p by Student's t with n - 2 degrees of freedom.
[[nodiscard]] Correlation spearman(std::span<const double> x, std::span<const double> y);

}  // namespace fw::evals

#pragma once

#include <span>

namespace fw::evals {

enum class KappaWeights {
  kNone,       ///< two ratings agree or do not
  kLinear,     ///< by the distance of their places in `labels`
  kQuadratic,  ///< by its square
};

/// Agreement of two raters beyond chance (Cohen 1960, 1968). `labels`: all categories in order; empty means those that
/// occur. Every rating is one of them. NaN when chance alone would agree fully (one category).
[[nodiscard]] double cohen_kappa(std::span<const int> a, std::span<const int> b, KappaWeights weights,
                                 std::span<const int> labels = {});

/// Share of equal ratings; both sides have the same number, at least one.
[[nodiscard]] double agreement(std::span<const int> a, std::span<const int> b);

}  // namespace fw::evals

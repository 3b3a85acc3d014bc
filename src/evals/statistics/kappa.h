#pragma once

#include <span>

namespace fw::evals {

/// Agreement of two raters beyond chance (Cohen 1960): two ratings agree or do not. NaN when chance alone would agree
/// fully (one category).
[[nodiscard]] double cohen_kappa(std::span<const int> a, std::span<const int> b);

/// Share of equal ratings; both sides have the same number, at least one.
[[nodiscard]] double agreement(std::span<const int> a, std::span<const int> b);

}  // namespace fw::evals

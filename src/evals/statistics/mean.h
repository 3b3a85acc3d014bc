#pragma once

#include <span>

namespace fw::evals {

/// 0 of no values.
[[nodiscard]] double mean(std::span<const double> values);
}  // namespace fw::evals

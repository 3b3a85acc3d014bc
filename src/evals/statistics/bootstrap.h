#pragma once

#include <span>
#include <vector>

#include "base/random.h"
#include "evals/statistics/interval.h"

namespace fw::evals {

/// Means of resamples of the values, drawn with replacement, in order (Efron 1979). At least one value; the same
/// generator gives the same means.
[[nodiscard]] std::vector<double> bootstrap_means(std::span<const double> values, int resamples, Random random);

/// The middle `confidence` of the resampled means.
[[nodiscard]] Interval bootstrap_percentile_interval(std::span<const double> values, double confidence, int resamples,
                                                     Random random);

/// Bias-corrected and accelerated (Efron 1987): better for skewed values. Falls back to the percentile interval where
/// all values are equal.
[[nodiscard]] Interval bootstrap_bca_interval(std::span<const double> values, double confidence, int resamples,
                                              Random random);
/// By the jackknife; 0 where all values are equal.
[[nodiscard]] double bca_acceleration(std::span<const double> values);

}  // namespace fw::evals

#pragma once

#include <span>

#include "evals/statistics/interval.h"

namespace fw::evals {

/// 0 of no values.
[[nodiscard]] double mean(std::span<const double> values);
/// With n - 1 below; 0 of fewer than two values.
[[nodiscard]] double standard_deviation(std::span<const double> values);

/// Mean of independent values and its interval by Student's t with n - 1 degrees of freedom. At least two values.
struct MeanInterval {
  double mean = 0;
  double standard_deviation = 0;
  double standard_error = 0;
  Interval interval;
};
[[nodiscard]] MeanInterval mean_interval(std::span<const double> values, double confidence = 0.95);

/// Mean of values that come in clusters (rows of one conversation): the standard error is that of a regression on a
/// constant with clustered errors (Liang and Zeger 1986). At least two clusters.
struct ClusterMean {
  double mean = 0;
  double se_independent = 0;  ///< as if there were no clusters
  double se_plain = 0;        ///< root of the sum of squared residual sums, over n
  double se_corrected = 0;    ///< times sqrt(G / (G - 1)), G clusters
  Interval interval_t;        ///< se_corrected, Student's t with G - 1 degrees of freedom
  Interval interval_normal;   ///< se_corrected, normal
};
/// `clusters[i]` names the cluster of `values[i]`.
[[nodiscard]] ClusterMean cluster_mean(std::span<const double> values, std::span<const long> clusters,
                                       double confidence = 0.95);

}  // namespace fw::evals

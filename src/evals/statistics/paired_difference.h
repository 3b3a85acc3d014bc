#pragma once

#include <cstdint>

#include "evals/statistics/interval.h"

namespace fw::evals {

/// Yes/no outcomes of two models on the same rows.
struct PairedCounts {
  std::int64_t both = 0;
  std::int64_t candidate_only = 0;
  std::int64_t baseline_only = 0;
  std::int64_t neither = 0;

  [[nodiscard]] std::int64_t total() const { return both + candidate_only + baseline_only + neither; }
  /// Candidate's rate less baseline's.
  [[nodiscard]] double difference() const {
    return static_cast<double>(candidate_only - baseline_only) / static_cast<double>(total());
  }
};

/// Interval of the difference of two paired rates: Newcombe (1998), method 10. Joins the Wilson intervals of both rates
/// with the phi coefficient, which is reduced by n/2 where it is positive. At least one row.
[[nodiscard]] Interval newcombe_interval(const PairedCounts& counts, double alpha = 0.05);
/// The phi coefficient that newcombe_interval uses; 0 where a rate is 0 or 1.
[[nodiscard]] double newcombe_phi(const PairedCounts& counts);

/// Tango's (1998) score statistic of "the difference is delta", standard normal if it is. -1 < delta < 1.
[[nodiscard]] double tango_z(std::int64_t candidate_only, std::int64_t baseline_only, std::int64_t n, double delta);

}  // namespace fw::evals

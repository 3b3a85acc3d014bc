#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "evals/statistics/interval.h"

namespace fw::evals {

/// Values in [0, 1] of two models on the same rows; weights and clusters as in Sample (estimate.h).
struct PairedSample {
  std::vector<double> a;
  std::vector<double> b;
  std::vector<double> weights;
  std::vector<std::uint32_t> clusters;

  [[nodiscard]] std::size_t size() const { return a.size(); }
  void add(double value_a, double value_b, double weight, std::uint32_t cluster);
};

/// a less b over all records.
struct PairedEstimate {
  std::uint64_t n = 0;
  std::uint64_t only_a = 0;  ///< rows on which a is better
  std::uint64_t only_b = 0;
  double difference = 0;
  double standard_error = 0;       ///< of the t interval, clustered; 0 with `newcombe`
  double effective_clusters = 0;   ///< as in Estimate; 0 with `newcombe`
  Interval interval;               ///< 95 %
  std::string_view interval_kind;  ///< `newcombe` or `t`
  double p_value = 1;              ///< two-sided, of "there is no difference"
  double p_better = 1;             ///< one-sided: small says that a is better
  std::string_view test;           ///< `mcnemar exact`, `sign flips exact`, `sign flips`
};

/// At least one row. Rates on rows that are alone and weigh the same: McNemar's exact test and Newcombe's interval.
/// Otherwise the weighted mean difference, its t interval with errors clustered by conversation (never narrower than
/// what equal differences leave open, as in estimate()), and a permutation test that flips the signs of whole clusters;
/// its p is never smaller than the chance to see so many clusters differ so where a share of all differs the other way,
/// so that test and interval agree. The same generator gives the same figures.
[[nodiscard]] PairedEstimate compare(const PairedSample& sample, bool is_rate, Random random);

/// Rows over which the two-sided test at `alpha` would show the difference that was seen with a chance of `power`;
/// absent where none was, or more would be needed than anybody has.
[[nodiscard]] std::optional<std::uint64_t> rows_to_tell_apart(const PairedEstimate& e, double alpha, double power);

}  // namespace fw::evals

#pragma once

#include <cstdint>

namespace fw::evals {

/// Paired test of "the candidate's rate is at least `margin` below the baseline's"; a small p says it is not.
struct NonInferiorityTest {
  double z = 0;        ///< Tango's score statistic at -margin
  double score_p = 1;  ///< by the normal distribution
};
/// 0 < margin < 1, at least one row.
[[nodiscard]] NonInferiorityTest noninferiority_score(std::int64_t candidate_only, std::int64_t baseline_only,
                                                      std::int64_t n, double margin);

/// The exact p-value: the largest probability, over the unknown rate of rows that the baseline alone gets right, of a
/// table at least as extreme by the score statistic. Visits all tables: n up to 200 is a matter of a second.
[[nodiscard]] double noninferiority_exact_p(std::int64_t candidate_only, std::int64_t baseline_only, std::int64_t n,
                                            double margin);

}  // namespace fw::evals

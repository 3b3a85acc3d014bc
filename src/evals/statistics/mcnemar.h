#pragma once

#include <cstdint>

namespace fw::evals {

/// Paired yes/no outcomes that differ: only one of the two models was right.
struct Discordant {
  std::int64_t candidate_only = 0;
  std::int64_t baseline_only = 0;
};

/// McNemar's test of equal rates (McNemar 1947). Exact: the discordant pairs are a fair coin's throws. Without any, all
/// are 1.
struct McNemarTest {
  double two_sided = 1;
  double candidate_better = 1;  ///< one-sided p of "the candidate is right more often"
  double candidate_worse = 1;
};
[[nodiscard]] McNemarTest mcnemar_exact(Discordant pairs);

}  // namespace fw::evals

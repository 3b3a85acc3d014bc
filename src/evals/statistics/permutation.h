#pragma once

#include <span>

#include "base/random.h"

namespace fw::evals {

/// Paired permutation test of the mean difference: each difference may as well have had the other sign.
struct PermutationTest {
  double mean = 0;
  double two_sided = 1;
  double greater = 1;  ///< one-sided p of "the mean is above 0"
  double less = 1;
  bool exact = false;  ///< all sign vectors were visited
};

/// Visits all 2^n sign vectors; n up to 20. Means within 1e-12 of the observed one count as extreme. No differences: p
/// = 1.
[[nodiscard]] PermutationTest permutation_exact(std::span<const double> differences);

/// Exact up to n = 16, above by `draws` random sign vectors, the observed one counted among them, so that p is never 0.
[[nodiscard]] PermutationTest permutation_test(std::span<const double> differences, int draws, Random random);

}  // namespace fw::evals

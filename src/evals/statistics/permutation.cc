#include "evals/statistics/permutation.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "base/assert.h"

namespace fw::evals {
namespace {

/// Counts sums of signed differences that are as far out as the observed one.
class Tally {
 public:
  explicit Tally(std::span<const double> differences)
      : observed_(std::accumulate(differences.begin(), differences.end(), 0.0)),
        slack_(1e-12 * static_cast<double>(differences.size())) {}

  void add(double sum) {
    ++total_;
    if (std::fabs(sum) >= std::fabs(observed_) - slack_) ++two_sided_;
    if (sum >= observed_ - slack_) ++greater_;
    if (sum <= observed_ + slack_) ++less_;
  }

  [[nodiscard]] double observed() const { return observed_; }
  [[nodiscard]] PermutationTest result(std::size_t n, bool exact) const {
    const auto share = [&](std::uint64_t count) { return static_cast<double>(count) / static_cast<double>(total_); };
    return {observed_ / static_cast<double>(n), share(two_sided_), share(greater_), share(less_), exact};
  }

 private:
  double observed_, slack_;
  std::uint64_t total_ = 0, two_sided_ = 0, greater_ = 0, less_ = 0;
};

double signed_sum(std::span<const double> differences, std::uint64_t flipped) {
  double sum = 0;
  for (std::size_t i = 0; i < differences.size(); ++i) sum += (flipped >> i) & 1 ? -differences[i] : differences[i];
  return sum;
}

}  // namespace

PermutationTest permutation_exact(std::span<const double> differences) {
  FW_ASSERT(differences.size() <= 20);
  if (differences.empty()) return {.exact = true};
  Tally tally(differences);
  for (std::uint64_t flipped = 0; flipped < std::uint64_t{1} << differences.size(); ++flipped)
    tally.add(signed_sum(differences, flipped));
  return tally.result(differences.size(), true);
}

PermutationTest permutation_test(std::span<const double> differences, int draws, Random random) {
  if (differences.size() <= 16) return permutation_exact(differences);
  Tally tally(differences);
  tally.add(tally.observed());
  for (int draw = 1; draw < draws; ++draw) {
    double sum = 0;
    for (std::size_t i = 0; i < differences.size(); i += 64)
      sum += signed_sum(differences.subspan(i, std::min<std::size_t>(64, differences.size() - i)), random.next());
    tally.add(sum);
  }
  return tally.result(differences.size(), false);
}

}  // namespace fw::evals

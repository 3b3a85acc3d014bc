#include "evals/statistics/noninferiority.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/assert.h"
#include "evals/statistics/distributions.h"
#include "evals/statistics/paired_difference.h"

namespace fw::evals {
namespace {

double power_log(double count, double rate) {
  if (count == 0) return 0;
  return rate > 0 ? count * std::log(rate) : -std::numeric_limits<double>::infinity();
}

/// The tables that count, with the logarithm of how many orders of rows give each.
class ExtremeTables {
 public:
  ExtremeTables(std::int64_t n, double margin, double observed) : n_(n), margin_(margin) {
    const auto log_factorial = [](std::int64_t k) { return std::lgamma(static_cast<double>(k) + 1); };
    for (std::int64_t i = 0; i <= n; ++i)
      for (std::int64_t j = 0; i + j <= n; ++j)
        if (tango_z(i, j, n, -margin) >= observed - 1e-9)
          tables_.push_back({static_cast<double>(i), static_cast<double>(j),
                             log_factorial(n) - log_factorial(i) - log_factorial(j) - log_factorial(n - i - j)});
  }

  /// Their probability when the candidate alone is right with rate q, and the baseline alone with q + margin.
  [[nodiscard]] double probability(double q) const {
    const double rest = std::max(1 - 2 * q - margin_, 0.0);
    double sum = 0;
    for (const Table& t : tables_) {
      const double others = static_cast<double>(n_) - t.candidate_only - t.baseline_only;
      sum += std::exp(t.log_orders + power_log(t.candidate_only, q) + power_log(t.baseline_only, q + margin_) +
                      power_log(others, rest));
    }
    return sum;
  }

 private:
  struct Table {
    double candidate_only, baseline_only, log_orders;
  };
  std::int64_t n_;
  double margin_;
  std::vector<Table> tables_;
};

}  // namespace

NonInferiorityTest noninferiority_score(std::int64_t candidate_only, std::int64_t baseline_only, std::int64_t n,
                                        double margin) {
  FW_ASSERT(n > 0 && margin > 0 && margin < 1);
  const double z = tango_z(candidate_only, baseline_only, n, -margin);
  return {z, normal_sf(z)};
}

double noninferiority_exact_p(std::int64_t candidate_only, std::int64_t baseline_only, std::int64_t n, double margin) {
  const double observed = noninferiority_score(candidate_only, baseline_only, n, margin).z;
  const ExtremeTables tables(n, margin, observed);
  constexpr int kSteps = 400;
  const double step = (1 - margin) / 2 / kSteps;
  int best = 0;
  double largest = 0;
  for (int i = 0; i <= kSteps; ++i) {
    const double p = tables.probability(i * step);
    if (p > largest) largest = p, best = i;
  }
  // The maximum lies between the neighbours of the best grid point: golden-section search there.
  const double ratio = (std::sqrt(5.0) - 1) / 2;
  double low = std::max(best - 1, 0) * step, high = std::min(best + 1, kSteps) * step;
  for (int i = 0; i < 60; ++i) {
    const double x1 = high - ratio * (high - low), x2 = low + ratio * (high - low);
    const double p1 = tables.probability(x1), p2 = tables.probability(x2);
    largest = std::max({largest, p1, p2});
    (p1 > p2 ? high : low) = p1 > p2 ? x2 : x1;
  }
  return std::min(largest, 1.0);
}

}  // namespace fw::evals

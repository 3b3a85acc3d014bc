#include "evals/statistics/paired_difference.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/assert.h"
#include "evals/statistics/distributions.h"
#include "evals/statistics/proportion.h"

namespace fw::evals {
namespace {

double squared(double x) { return x * x; }

}  // namespace

double newcombe_phi(const PairedCounts& t) {
  const auto a = static_cast<double>(t.both), b = static_cast<double>(t.candidate_only);
  const auto c = static_cast<double>(t.baseline_only), d = static_cast<double>(t.neither);
  const double below = std::sqrt((a + b) * (c + d)) * std::sqrt((a + c) * (b + d));
  if (below == 0) return 0;
  const double determinant = a * d - b * c;
  return (determinant > 0 ? std::max(determinant - (a + b + c + d) / 2, 0.0) : determinant) / below;
}

Interval newcombe_interval(const PairedCounts& t, double alpha) {
  const std::int64_t n = t.total(), candidate = t.both + t.candidate_only, baseline = t.both + t.baseline_only;
  FW_ASSERT(n > 0);
  const double p1 = static_cast<double>(candidate) / static_cast<double>(n);
  const double p2 = static_cast<double>(baseline) / static_cast<double>(n);
  const Interval i1 = wilson_interval(candidate, n, alpha), i2 = wilson_interval(baseline, n, alpha);
  const double phi = newcombe_phi(t), difference = t.difference();
  const double down = squared(p1 - i1.low) - 2 * phi * (p1 - i1.low) * (i2.high - p2) + squared(i2.high - p2);
  const double up = squared(p2 - i2.low) - 2 * phi * (p2 - i2.low) * (i1.high - p1) + squared(i1.high - p1);
  return {difference - std::sqrt(std::max(down, 0.0)), difference + std::sqrt(std::max(up, 0.0))};
}

double tango_z(std::int64_t candidate_only, std::int64_t baseline_only, std::int64_t n, double delta) {
  const auto b = static_cast<double>(candidate_only), c = static_cast<double>(baseline_only);
  const auto rows = static_cast<double>(n);
  const double qa = 2 * rows, qb = -b - c + (2 * rows - b + c) * delta, qc = -c * delta * (1 - delta);
  const double q = (std::sqrt(std::max(qb * qb - 4 * qa * qc, 0.0)) - qb) / (2 * qa);
  const double variance = rows * (2 * q + delta * (1 - delta)), gap = b - c - rows * delta;
  if (variance > 1e-300) return gap / std::sqrt(variance);
  return gap == 0 ? 0 : std::copysign(std::numeric_limits<double>::infinity(), gap);
}

}  // namespace fw::evals

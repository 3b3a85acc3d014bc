#include "evals/statistics/correlation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/assert.h"
#include "evals/statistics/distributions.h"
#include "evals/statistics/mean.h"

namespace fw::evals {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::vector<double> mean_ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    for (std::size_t k = i; k < end; ++k) ranks[order[k]] = static_cast<double>(i + end + 1) / 2;
    i = end;
  }
  return ranks;
}

}  // namespace

double pearson(std::span<const double> x, std::span<const double> y) {
  FW_ASSERT(x.size() == y.size() && x.size() >= 2);
  const double mx = mean(x), my = mean(y);
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mx) * (x[i] - mx);
    yy += (y[i] - my) * (y[i] - my);
    xy += (x[i] - mx) * (y[i] - my);
  }
  if (xx == 0 || yy == 0) return kNaN;
  return std::clamp(xy / std::sqrt(xx) / std::sqrt(yy), -1.0, 1.0);
}

Correlation spearman(std::span<const double> x, std::span<const double> y) {
  double r = pearson(mean_ranks(x), mean_ranks(y));
  if (std::isnan(r)) return {kNaN, kNaN};
  if (1 - std::fabs(r) < 1e-15) r = r > 0 ? 1 : -1;
  const double degrees = static_cast<double>(x.size()) - 2;
  if (degrees <= 0) return {r, 1};
  if (std::fabs(r) == 1) return {r, 0};
  return {r, 2 * student_t_sf(std::fabs(r) * std::sqrt(degrees / ((1 + r) * (1 - r))), degrees)};
}

}  // namespace fw::evals

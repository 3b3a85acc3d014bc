#include "evals/statistics/bootstrap.h"

#include <algorithm>
#include <cmath>

#include "base/assert.h"
#include "evals/statistics/distributions.h"
#include "evals/statistics/mean.h"
#include "evals/statistics/percentile.h"

namespace fw::evals {
namespace {

/// How many standard deviations the estimate lies off the middle of the resampled means; ties count half.
double bias(std::span<const double> sorted_means, double estimate) {
  const auto below = std::lower_bound(sorted_means.begin(), sorted_means.end(), estimate) - sorted_means.begin();
  const auto up_to = std::upper_bound(sorted_means.begin(), sorted_means.end(), estimate) - sorted_means.begin();
  return normal_quantile(static_cast<double>(below + up_to) / (2 * static_cast<double>(sorted_means.size())));
}

}  // namespace

std::vector<double> bootstrap_means(std::span<const double> values, int resamples, Random random) {
  FW_ASSERT(!values.empty() && resamples > 0);
  std::vector<double> means(static_cast<std::size_t>(resamples));
  for (double& m : means) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += values[random.below(values.size())];
    m = sum / static_cast<double>(values.size());
  }
  std::sort(means.begin(), means.end());
  return means;
}

Interval bootstrap_percentile_interval(std::span<const double> values, double confidence, int resamples,
                                       Random random) {
  const std::vector<double> means = bootstrap_means(values, resamples, random);
  return {percentile_of_sorted(means, 50 * (1 - confidence)), percentile_of_sorted(means, 50 * (1 + confidence))};
}

double bca_acceleration(std::span<const double> values) {
  // Leaving value i out moves the mean by (value - mean) / (n - 1): the factor cancels.
  const double center = mean(values);
  double cubes = 0, squares = 0;
  for (const double v : values) {
    const double u = v - center;
    cubes += u * u * u;
    squares += u * u;
  }
  return squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0;
}

Interval bootstrap_bca_interval(std::span<const double> values, double confidence, int resamples, Random random) {
  const std::vector<double> means = bootstrap_means(values, resamples, random);
  const double z0 = bias(means, mean(values)), acceleration = bca_acceleration(values);
  const auto end = [&](double tail) {
    const double z = z0 + normal_quantile(tail);
    const double level = std::isfinite(z0) ? normal_cdf(z0 + z / (1 - acceleration * z)) : tail;
    return percentile_of_sorted(means, 100 * std::clamp(level, 0.0, 1.0));
  };
  return {end((1 - confidence) / 2), end((1 + confidence) / 2)};
}

}  // namespace fw::evals

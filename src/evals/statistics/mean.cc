#include "evals/statistics/mean.h"

#include <cmath>
#include <map>

#include "base/assert.h"
#include "evals/statistics/distributions.h"

namespace fw::evals {
namespace {

Interval around(double center, double half) { return {center - half, center + half}; }

}  // namespace

double mean(std::span<const double> values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double standard_deviation(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const double center = mean(values);
  double sum = 0;
  for (const double v : values) sum += (v - center) * (v - center);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

MeanInterval mean_interval(std::span<const double> values, double confidence) {
  FW_ASSERT(values.size() >= 2);
  const auto n = static_cast<double>(values.size());
  MeanInterval out{.mean = mean(values), .standard_deviation = standard_deviation(values)};
  out.standard_error = out.standard_deviation / std::sqrt(n);
  out.interval = around(out.mean, student_t_quantile((1 + confidence) / 2, n - 1) * out.standard_error);
  return out;
}

ClusterMean cluster_mean(std::span<const double> values, std::span<const long> clusters, double confidence) {
  FW_ASSERT(values.size() == clusters.size());
  ClusterMean out{.mean = mean(values)};
  std::map<long, double> residuals;
  for (std::size_t i = 0; i < values.size(); ++i) residuals[clusters[i]] += values[i] - out.mean;
  FW_ASSERT(residuals.size() >= 2);
  const auto n = static_cast<double>(values.size()), groups = static_cast<double>(residuals.size());
  double sum = 0;
  for (const auto& [cluster, residual] : residuals) sum += residual * residual;
  out.se_independent = standard_deviation(values) / std::sqrt(n);
  out.se_plain = std::sqrt(sum) / n;
  out.se_corrected = out.se_plain * std::sqrt(groups / (groups - 1));
  const double level = (1 + confidence) / 2;
  out.interval_t = around(out.mean, student_t_quantile(level, groups - 1) * out.se_corrected);
  out.interval_normal = around(out.mean, normal_quantile(level) * out.se_corrected);
  return out;
}

}  // namespace fw::evals

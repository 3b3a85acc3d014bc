#include "evals/statistics/estimate.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/assert.h"
#include "evals/statistics/distributions.h"
#include "evals/statistics/proportion.h"

namespace fw::evals {
namespace {

constexpr double kTail = 0.025;
constexpr double kMostRows = 10'000'000;

struct ClusterSums {
  double weight = 0;
  double residual = 0;
};

struct Moments {
  double weight = 0;
  double mean = 0;
  double standard_error = 0;
  double clusters = 0;
  double effective_clusters = 0;
  double effective_rows = 0;  ///< what the weights alone leave (Kish 1965)
  bool is_simple = false;     ///< every row alone in its cluster, all weights equal
};

Moments moments_of(const Sample& sample) {
  Moments m;
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    m.weight += sample.weights[i];
    squares += sample.weights[i] * sample.weights[i];
    sum += sample.weights[i] * sample.values[i];
  }
  m.mean = sum / m.weight;
  m.effective_rows = m.weight * m.weight / squares;
  std::unordered_map<std::uint32_t, ClusterSums> clusters;
  bool are_equal = true;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    ClusterSums& one = clusters[sample.clusters[i]];
    one.weight += sample.weights[i];
    one.residual += sample.weights[i] * (sample.values[i] - m.mean);
    are_equal = are_equal && sample.weights[i] == sample.weights[0];
  }
  double residuals = 0, weights = 0;
  for (const auto& [cluster, one] : clusters) {
    residuals += one.residual * one.residual;
    weights += one.weight * one.weight;
  }
  m.clusters = static_cast<double>(clusters.size());
  m.effective_clusters = m.weight * m.weight / weights;
  if (m.clusters > 1) m.standard_error = std::sqrt(residuals * m.clusters / (m.clusters - 1)) / m.weight;
  m.is_simple = are_equal && clusters.size() == sample.size();
  return m;
}

double effective_rows(const Moments& m, double n) {
  if (m.is_simple) return n;
  if (m.clusters < 2) return 1;
  const double variance = m.mean * (1 - m.mean), error = m.standard_error * m.standard_error;
  const double by_error = error > 0 ? variance / error : m.effective_clusters;
  const double freedom = normal_quantile(1 - kTail) / student_t_quantile(1 - kTail, m.clusters - 1);
  const double most = std::min(m.effective_rows, n);
  return std::clamp(by_error, std::min(m.effective_clusters, most), most) * freedom * freedom;
}

/// An interval that leaves open what conversations that were not seen may be like.
Interval with_room(const Interval& interval, double mean, double effective_clusters) {
  const double open = open_share(effective_clusters);
  return {std::max(0.0, std::min(interval.low, mean * (1 - open))),
          std::min(1.0, std::max(interval.high, mean + (1 - mean) * open))};
}

/// Few errors, each in another conversation, say little of how errors go together: a conversation may still be wrong as
/// a whole, as may those that nobody saw.
bool has_conversations(const Estimate& e) { return e.clusters > 0 && e.clusters < e.n; }

/// The chance that so many conversations would be as they are if a share of all were the other way.
double p_of_room(double seen, double threshold, double effective_clusters) {
  return seen <= threshold ? 1 : std::pow(threshold / seen, effective_clusters);
}

/// P(X <= right) of the binomial distribution, for numbers of rows that are no whole ones.
double exact_p_below(const Estimate& e, double threshold) {
  const double right = e.mean * e.effective_n;
  return right >= e.effective_n ? 1 : beta_cdf(1 - threshold, e.effective_n - right, right + 1);
}

Interval graded_interval(const Estimate& e) {
  const double t = e.clusters > 1 ? student_t_quantile(1 - kTail, static_cast<double>(e.clusters - 1)) : 0;
  const double half = t * e.standard_error;
  return with_room({e.mean - half, e.mean + half}, e.mean, e.effective_clusters);
}

Interval rate_interval(const Estimate& e) {
  const Interval wilson = wilson_interval_of_rate(e.mean, e.effective_n);
  return has_conversations(e) ? with_room(wilson, e.mean, e.effective_clusters) : wilson;
}

double rate_z(const Estimate& e, double threshold) {
  return (e.mean - threshold) / std::sqrt(threshold * (1 - threshold) / e.effective_n);
}

double graded_t(const Estimate& e, double threshold) {
  return e.clusters < 2 || e.standard_error == 0 ? 0 : (e.mean - threshold) / e.standard_error;
}

double t_tail(const Estimate& e, double t) {
  if (e.clusters < 2) return 0.5;
  return e.standard_error == 0 ? 0 : student_t_sf(t, static_cast<double>(e.clusters - 1));
}

/// The test takes the threshold's own error for that of the rate (Wilson's interval does), so this must too: with the
/// error of the rate that was seen, the rows for a rate near 1 come out at half of what is needed.
double rows_for_rate(const Estimate& e, double threshold, double alpha, double power) {
  const double gap = normal_quantile(1 - alpha) * std::sqrt(threshold * (1 - threshold)) +
                     normal_quantile(power) * std::sqrt(e.mean * (1 - e.mean));
  double rows = std::pow(gap / (e.mean - threshold), 2);
  if (e.mean > threshold) rows = std::max(rows, static_cast<double>(rows_to_pass_at_best(threshold, alpha)));
  rows *= static_cast<double>(e.rows) / e.effective_n;
  if (!has_conversations(e)) return rows;
  const double room = e.mean > threshold ? threshold / e.mean : (1 - threshold) / (1 - e.mean);
  return std::max(rows, std::log(alpha) / std::log(room) * static_cast<double>(e.rows) / e.effective_clusters);
}

double rows_for_grades(const Estimate& e, double threshold, double alpha, double power) {
  const double z = normal_quantile(1 - alpha) + normal_quantile(power), room = e.mean - threshold;
  const double n = static_cast<double>(e.rows), by_error = std::pow(z * e.standard_error / room, 2) * n;
  const double open = e.mean > threshold ? std::log(threshold / e.mean) : std::log((1 - threshold) / (1 - e.mean));
  return std::max(by_error, std::log(alpha) / open * n / e.effective_clusters);
}

}  // namespace

double open_share(double effective_clusters) { return 1 - std::pow(kTail, 1 / effective_clusters); }

void Sample::add(double value, double weight, std::uint32_t cluster) {
  values.push_back(value);
  weights.push_back(weight);
  clusters.push_back(cluster);
}

Estimate estimate(const Sample& sample, bool is_rate) {
  FW_ASSERT(sample.size() > 0 && sample.weights.size() == sample.size() && sample.clusters.size() == sample.size());
  FW_ASSERT(sample.again < sample.size());
  const Moments m = moments_of(sample);
  Estimate e{.n = sample.size(), .rows = sample.size() - sample.again, .is_rate = is_rate};
  e.mean = std::clamp(m.mean, 0.0, 1.0);
  e.right = static_cast<std::uint64_t>(std::ranges::count(sample.values, 1.0));
  // Sums of weights in two orders may differ in their last bit; all right is exactly 1.
  if (e.right == e.n) e.mean = 1;
  e.standard_error = m.standard_error;
  e.clusters = static_cast<std::uint64_t>(m.clusters);
  e.effective_clusters = m.effective_clusters;
  e.effective_n = effective_rows(m, static_cast<double>(e.n));
  e.interval = is_rate ? rate_interval(e) : graded_interval(e);
  return e;
}

double p_above(const Estimate& e, double threshold) {
  if (threshold >= 1) return 1;
  if (threshold <= 0) return 0;
  if (e.is_rate) {
    const double p = normal_sf(rate_z(e, threshold));
    return has_conversations(e) ? std::max(p, p_of_room(e.mean, threshold, e.effective_clusters)) : p;
  }
  if (e.mean <= threshold) return std::max(0.5, t_tail(e, graded_t(e, threshold)));
  return std::max(t_tail(e, graded_t(e, threshold)), std::pow(threshold / e.mean, e.effective_clusters));
}

double p_below(const Estimate& e, double threshold) {
  if (threshold >= 1) return e.mean < 1 || threshold > 1 ? 0 : 1;
  if (threshold <= 0) return 1;
  if (e.is_rate) {
    const double p = std::max(normal_cdf(rate_z(e, threshold)), exact_p_below(e, threshold));
    return has_conversations(e) ? std::max(p, p_of_room(1 - e.mean, 1 - threshold, e.effective_clusters)) : p;
  }
  if (e.mean >= threshold) return std::max(0.5, t_tail(e, -graded_t(e, threshold)));
  return std::max(t_tail(e, -graded_t(e, threshold)), std::pow((1 - threshold) / (1 - e.mean), e.effective_clusters));
}

std::optional<std::uint64_t> rows_to_decide(const Estimate& e, double threshold, double alpha, double power) {
  if (e.mean == threshold || threshold <= 0 || threshold >= 1) return std::nullopt;
  const double rows =
      e.is_rate ? rows_for_rate(e, threshold, alpha, power) : rows_for_grades(e, threshold, alpha, power);
  if (!(rows < kMostRows)) return std::nullopt;
  return static_cast<std::uint64_t>(std::ceil(rows));
}

std::uint64_t rows_to_pass_at_best(double threshold, double alpha) {
  const double z = normal_quantile(1 - alpha);
  return static_cast<std::uint64_t>(std::ceil(z * z * threshold / (1 - threshold)));
}

}  // namespace fw::evals

#include "evals/statistics/paired_estimate.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/assert.h"
#include "evals/statistics/distributions.h"
#include "evals/statistics/estimate.h"
#include "evals/statistics/mcnemar.h"
#include "evals/statistics/paired_difference.h"
#include "evals/statistics/permutation.h"
#include "evals/statistics/power.h"

namespace fw::evals {
namespace {

constexpr double kMostRows = 10'000'000;

/// Differences that are all alike leave open what rows that were not seen are like: as in estimate(), a share of the
/// records may differ by anything.
Interval with_room(const Interval& interval, double difference, double effective_clusters) {
  const double open = open_share(effective_clusters);
  return {std::max(-1.0, std::min(interval.low, difference * (1 - open) - open)),
          std::min(1.0, std::max(interval.high, difference * (1 - open) + open))};
}

/// The chance that no cluster of so many shows it where such a share of all differs the other way, as far as it can,
/// that the difference over all is none.
double p_of_room(double difference, double effective_clusters) {
  return difference <= 0 ? 1 : std::pow(1 + difference, -effective_clusters);
}

/// Fewer draws for very many clusters: the time stays bounded.
int draws_for(std::size_t clusters) {
  return static_cast<int>(std::clamp<std::size_t>(20'000'000 / std::max<std::size_t>(clusters, 1), 1'000, 10'000));
}

bool is_simple(const PairedSample& sample, std::size_t clusters) {
  return clusters == sample.size() &&
         std::ranges::all_of(sample.weights, [&](double weight) { return weight == sample.weights[0]; });
}

void compare_rates(const PairedSample& sample, PairedEstimate& out) {
  PairedCounts counts;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    auto& cell = sample.a[i] == 1 ? (sample.b[i] == 1 ? counts.both : counts.candidate_only)
                                  : (sample.b[i] == 1 ? counts.baseline_only : counts.neither);
    ++cell;
  }
  const McNemarTest test = mcnemar_exact({counts.candidate_only, counts.baseline_only});
  out.difference = counts.difference();
  out.interval = newcombe_interval(counts);
  out.interval_kind = "newcombe";
  out.p_value = test.two_sided;
  out.p_better = test.candidate_better;
  out.test = "mcnemar exact";
}

}  // namespace

void PairedSample::add(double value_a, double value_b, double weight, std::uint32_t cluster) {
  a.push_back(value_a);
  b.push_back(value_b);
  weights.push_back(weight);
  clusters.push_back(cluster);
}

PairedEstimate compare(const PairedSample& sample, bool is_rate, Random random) {
  FW_ASSERT(sample.size() > 0);
  PairedEstimate out{.n = sample.size()};
  double weight = 0, sum = 0;
  std::map<std::uint32_t, double> weights;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    weights[sample.clusters[i]] += sample.weights[i];
    out.only_a += sample.a[i] > sample.b[i];
    out.only_b += sample.a[i] < sample.b[i];
    weight += sample.weights[i];
    sum += sample.weights[i] * (sample.a[i] - sample.b[i]);
  }
  out.difference = sum / weight;
  // In order of their first rows, so that the draws of the test are the same for the same rows.
  std::map<std::uint32_t, std::pair<double, double>> sums;  // of differences, of residuals
  for (std::size_t i = 0; i < sample.size(); ++i) {
    auto& [differences, residuals] = sums[sample.clusters[i]];
    const double difference = sample.a[i] - sample.b[i];
    differences += sample.weights[i] * difference;
    residuals += sample.weights[i] * (difference - out.difference);
  }
  if (is_rate && is_simple(sample, sums.size())) {
    compare_rates(sample, out);
    return out;
  }
  std::vector<double> flips;
  double residuals = 0;
  for (const auto& [cluster, of] : sums) {
    flips.push_back(of.first);
    residuals += of.second * of.second;
  }
  const auto clusters = static_cast<double>(sums.size());
  const PermutationTest test = permutation_test(flips, draws_for(flips.size()), random);
  double half = 1;
  if (clusters > 1) {
    out.standard_error = std::sqrt(residuals * clusters / (clusters - 1)) / weight;
    half = student_t_quantile(0.975, clusters - 1) * out.standard_error;
  }
  double squares = 0;
  for (const auto& [cluster, of] : weights) squares += of * of;
  out.effective_clusters = weight * weight / squares;
  out.interval = with_room({out.difference - half, out.difference + half}, out.difference, out.effective_clusters);
  out.interval_kind = "t";
  out.p_value =
      std::max(test.two_sided, std::min(1.0, 2 * p_of_room(std::abs(out.difference), out.effective_clusters)));
  out.p_better = std::max(test.greater, p_of_room(out.difference, out.effective_clusters));
  out.test = test.exact ? "sign flips exact" : "sign flips";
  return out;
}

std::optional<std::uint64_t> rows_to_tell_apart(const PairedEstimate& e, double alpha, double power) {
  const auto n = static_cast<double>(e.n);
  double rows = 0;
  if (e.interval_kind == "newcombe") {
    rows = mcnemar_rows({static_cast<double>(e.only_a) / n, static_cast<double>(e.only_b) / n}, power, alpha);
  } else if (e.difference == 0) {
    return std::nullopt;
  } else {
    const double difference = std::abs(e.difference);
    const double z = normal_quantile(1 - alpha / 2) + normal_quantile(power);
    const double by_room = std::log(alpha / 2) / -std::log1p(difference) / e.effective_clusters;
    rows = n * std::max(std::pow(z * e.standard_error / difference, 2), by_room);
  }
  if (!(rows < kMostRows)) return std::nullopt;
  return static_cast<std::uint64_t>(std::ceil(rows));
}

}  // namespace fw::evals

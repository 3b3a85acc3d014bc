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

namespace fw::evals {
namespace {

/// Differences that are all alike leave open what rows that were not seen are like: as in estimate(), a share of the
/// records may differ by anything.
Interval with_room(const Interval& interval, double difference, double effective_clusters) {
  const double open = open_share(effective_clusters);
  return {std::max(-1.0, std::min(interval.low, difference * (1 - open) - open)),
          std::min(1.0, std::max(interval.high, difference * (1 - open) + open))};
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
    const double error = std::sqrt(residuals * clusters / (clusters - 1)) / weight;
    half = student_t_quantile(0.975, clusters - 1) * error;
  }
  double squares = 0;
  for (const auto& [cluster, of] : weights) squares += of * of;
  out.interval = with_room({out.difference - half, out.difference + half}, out.difference, weight * weight / squares);
  out.interval_kind = "t";
  out.p_value = test.two_sided;
  out.p_better = test.greater;
  out.test = test.exact ? "sign flips exact" : "sign flips";
  return out;
}

}  // namespace fw::evals

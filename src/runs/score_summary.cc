#include "runs/impl/score_summary.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "base/random.h"
#include "evals/statistics/bootstrap.h"
#include "evals/statistics/mcnemar.h"
#include "evals/statistics/paired_difference.h"
#include "evals/statistics/percentile.h"
#include "evals/statistics/permutation.h"
#include "evals/statistics/proportion.h"

namespace fw::runs {

namespace {

constexpr int kResamples = 2000;
constexpr int kPermutations = 10'000;
constexpr double kConfidence = 0.95;

bool is_zero_or_one(double value) { return value == 0.0 || value == 1.0; }

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

evals::Interval bootstrap(std::span<const double> values, std::uint64_t seed, const std::string& purpose) {
  return evals::bootstrap_bca_interval(values, kConfidence, kResamples, Random::for_purpose(seed, purpose));
}

evals::PairedCounts count_pairs(std::span<const double> candidate, std::span<const double> base) {
  evals::PairedCounts counts;
  for (std::size_t i = 0; i < base.size(); ++i) {
    if (candidate[i] == 1.0) {
      ++(base[i] == 1.0 ? counts.both : counts.candidate_only);
    } else {
      ++(base[i] == 1.0 ? counts.baseline_only : counts.neither);
    }
  }
  return counts;
}

Difference difference_of_rates(std::span<const double> candidate, std::span<const double> base) {
  const auto counts = count_pairs(candidate, base);
  const auto interval = evals::newcombe_interval(counts);
  const auto test = evals::mcnemar_exact({counts.candidate_only, counts.baseline_only});
  return {base.size(), counts.difference(), interval.low, interval.high, test.two_sided, "newcombe", "mcnemar exact"};
}

Difference difference_of_means(std::span<const double> candidate, std::span<const double> base, std::uint64_t seed) {
  std::vector<double> differences;
  for (std::size_t i = 0; i < base.size(); ++i) differences.push_back(candidate[i] - base[i]);
  const auto interval = bootstrap(differences, seed, "report: bootstrap of a difference");
  const auto test = evals::permutation_test(differences, kPermutations, Random::for_purpose(seed, "report: permutations"));
  return {base.size(),    mean_of(differences), interval.low,         interval.high,
          test.two_sided, "bootstrap",          "paired permutation"};
}

}  // namespace

std::optional<double> score_of(const modelops::RowResult& row, const std::string& name) {
  if (const auto found = row.scores.find(name); found != row.scores.end()) return found->second;
  if (row.response.empty()) return 0.0;
  return std::nullopt;
}

std::vector<std::string> score_names(std::span<const modelops::RowResult> rows) {
  std::set<std::string> names;
  for (const auto& row : rows) {
    for (const auto& [name, value] : row.scores) names.insert(name);
  }
  return {names.begin(), names.end()};
}

std::optional<Estimate> estimate(std::span<const modelops::RowResult> rows, const std::string& name, std::uint64_t seed,
                                 const RowFilter& filter) {
  std::vector<double> values;
  for (const auto& row : rows) {
    if (filter && !filter(row)) continue;
    if (const auto value = score_of(row, name)) values.push_back(*value);
  }
  if (values.empty()) return std::nullopt;
  Estimate result{.n = values.size(), .mean = mean_of(values), .is_proportion = std::ranges::all_of(values, is_zero_or_one)};
  const auto ones = std::ranges::count(values, 1.0);
  const auto interval = result.is_proportion ? evals::wilson_interval(ones, static_cast<std::int64_t>(values.size()))
                                             : bootstrap(values, seed, "report: bootstrap of " + name);
  result.low = interval.low;
  result.high = interval.high;
  return result;
}

std::optional<Difference> paired_difference(std::span<const modelops::RowResult> candidate,
                                            std::span<const modelops::RowResult> base, const std::string& name,
                                            std::uint64_t seed) {
  std::unordered_map<std::string_view, double> base_values;
  for (const auto& row : base) {
    if (const auto value = score_of(row, name)) base_values.emplace(row.record_id, *value);
  }
  std::vector<double> ours;
  std::vector<double> theirs;
  for (const auto& row : candidate) {
    const auto value = score_of(row, name);
    const auto found = base_values.find(row.record_id);
    if (!value || found == base_values.end()) continue;
    ours.push_back(*value);
    theirs.push_back(found->second);
  }
  if (ours.empty()) return std::nullopt;
  if (std::ranges::all_of(ours, is_zero_or_one) && std::ranges::all_of(theirs, is_zero_or_one)) {
    return difference_of_rates(ours, theirs);
  }
  return difference_of_means(ours, theirs, seed);
}

Usage usage_of(std::span<const modelops::RowResult> rows) {
  std::vector<double> latencies;
  double prompt = 0;
  double completion = 0;
  std::uint64_t with_tokens = 0;
  Usage usage;
  for (const auto& row : rows) {
    if (row.response.empty()) continue;
    latencies.push_back(row.latency_seconds);
    if (row.prompt_tokens == 0) continue;  // the endpoint does not say
    ++with_tokens;
    prompt += static_cast<double>(row.prompt_tokens);
    completion += static_cast<double>(row.completion_tokens);
    usage.total_tokens += row.prompt_tokens + row.completion_tokens;
  }
  if (!latencies.empty()) {
    std::ranges::sort(latencies);
    usage.latency_p50 = evals::percentile_of_sorted(latencies, 50);
    usage.latency_p95 = evals::percentile_of_sorted(latencies, 95);
  }
  if (with_tokens > 0) {
    usage.prompt_mean = prompt / static_cast<double>(with_tokens);
    usage.completion_mean = completion / static_cast<double>(with_tokens);
  }
  return usage;
}

std::optional<double> cost_per_1000(const std::optional<modelops::Price>& price, std::optional<double> prompt_tokens,
                                    std::optional<double> completion_tokens) {
  if (!price || !prompt_tokens || !completion_tokens) return std::nullopt;
  return (*prompt_tokens * price->input_per_million + *completion_tokens * price->output_per_million) / 1000.0;
}

std::map<std::string, std::uint64_t> error_counts(std::span<const modelops::RowResult> rows) {
  std::map<std::string, std::uint64_t> counts;
  for (const auto& row : rows) {
    if (!row.error.empty()) ++counts[row.error];
  }
  return counts;
}

}  // namespace fw::runs

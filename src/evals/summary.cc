#include "evals/summary.h"

#include <algorithm>
#include <functional>
#include <unordered_map>

#include "base/random.h"
#include "evals/scoring.h"
#include "evals/statistics/bootstrap.h"
#include "evals/statistics/mcnemar.h"
#include "evals/statistics/mean.h"
#include "evals/statistics/paired_difference.h"
#include "evals/statistics/percentile.h"
#include "evals/statistics/permutation.h"
#include "evals/statistics/proportion.h"

namespace fw::evals {
namespace {

using modelops::RowResult;
using Rows = std::span<const RowResult>;

constexpr std::size_t kMaxReasons = 20;
constexpr std::string_view kNoTool = "no_tool";

bool is_answered(const RowResult& row) { return row.is_answered(); }

/// Fewer resamples for very many rows: the interval is narrow then, and the time bounded.
int resamples(std::size_t n) {
  return static_cast<int>(std::clamp<std::size_t>(20'000'000 / std::max<std::size_t>(n, 1), 1'000, 10'000));
}

std::int64_t successes(std::span<const double> values) { return std::count(values.begin(), values.end(), 1.0); }

Interval interval_of(std::span<const double> values, bool is_rate_score, const Random& random) {
  if (is_rate_score) return wilson_interval(successes(values), static_cast<std::int64_t>(values.size()));
  return bootstrap_percentile_interval(values, 0.95, resamples(values.size()), random);
}

struct Group {
  std::string_view name;
  bool (*contains)(const RowResult&);
};
constexpr Group kGroups[] = {
    {"rows with a tool", [](const RowResult& row) { return !row.traits.label.empty() && row.traits.label != kNoTool; }},
    {"rows without a tool", [](const RowResult& row) { return row.traits.label == kNoTool; }},
    {"wordings seen in training", [](const RowResult& row) { return row.traits.template_in_training; }},
    {"wordings training never saw", [](const RowResult& row) { return !row.traits.template_in_training; }},
};

std::vector<double> values_of(Rows rows, std::string_view score, bool (*contains)(const RowResult&)) {
  std::vector<double> values;
  for (const RowResult& row : rows)
    if (const auto value = contains(row) ? score_of(row, score) : std::nullopt) values.push_back(*value);
  return values;
}

std::optional<ScoreSummary> summarize_score(Rows rows, std::string_view name, std::uint64_t seed) {
  const auto values = values_of(rows, name, [](const RowResult&) { return true; });
  if (values.empty()) return std::nullopt;
  const bool rate = is_rate(name);
  ScoreSummary out{.name = std::string(name), .n = values.size(), .mean = mean(values)};
  out.interval = interval_of(values, rate, Random::for_purpose(seed, name));
  out.interval_kind = rate ? "wilson" : "bootstrap";
  for (const Group& group : kGroups) {
    const auto part = values_of(rows, name, group.contains);
    if (part.empty()) continue;
    const Random random = Random::for_purpose(seed, std::string(name) + "/" + std::string(group.name));
    out.groups.push_back({std::string(group.name), part.size(), mean(part), interval_of(part, rate, random)});
  }
  return out;
}

void count_errors(Rows rows, EvaluationSummary& out) {
  for (const RowResult& row : rows) {
    if (!is_answered(row)) ++out.rows_failed;
    const std::string& reason = is_answered(row) ? row.error : row.failure;
    if (reason.empty()) continue;
    const bool is_known = out.errors.contains(reason) || out.errors.size() < kMaxReasons;
    ++out.errors[is_known ? reason : "other reasons"];
  }
}

void measure_latency(Rows rows, EvaluationSummary& out) {
  std::vector<double> latencies;
  for (const RowResult& row : rows)
    if (is_answered(row)) latencies.push_back(row.latency_seconds);
  if (latencies.empty()) return;
  std::sort(latencies.begin(), latencies.end());
  out.latency_p50 = percentile_of_sorted(latencies, 50);
  out.latency_p95 = percentile_of_sorted(latencies, 95);
}

void measure_tokens(Rows rows, const std::optional<modelops::Price>& price, EvaluationSummary& out) {
  std::uint64_t prompt = 0, completion = 0, counted = 0;
  for (const RowResult& row : rows) {
    if (!is_answered(row) || row.prompt_tokens == 0) continue;
    prompt += row.prompt_tokens;
    completion += row.completion_tokens;
    ++counted;
  }
  if (counted == 0) return;
  out.prompt_tokens_mean = static_cast<double>(prompt) / static_cast<double>(counted);
  out.completion_tokens_mean = static_cast<double>(completion) / static_cast<double>(counted);
  out.tokens_total = prompt + completion;
  if (price) out.cost_per_1000 = cost_per_1000(*price, *out.prompt_tokens_mean, *out.completion_tokens_mean);
}

DifferenceSummary rate_difference(std::span<const std::pair<double, double>> pairs) {
  PairedCounts counts;
  for (const auto& [candidate, base] : pairs) {
    auto& cell = candidate == 1 ? (base == 1 ? counts.both : counts.candidate_only)
                                : (base == 1 ? counts.baseline_only : counts.neither);
    ++cell;
  }
  return {.difference = counts.difference(),
          .interval = newcombe_interval(counts),
          .interval_kind = "newcombe",
          .p_value = mcnemar_exact({counts.candidate_only, counts.baseline_only}).two_sided,
          .test = "mcnemar exact"};
}

DifferenceSummary mean_difference(std::span<const std::pair<double, double>> pairs, const Random& random) {
  std::vector<double> differences;
  for (const auto& [candidate, base] : pairs) differences.push_back(candidate - base);
  const int draws = resamples(differences.size());
  const PermutationTest test = permutation_test(differences, draws, random);
  return {.difference = test.mean,
          .interval = bootstrap_percentile_interval(differences, 0.95, draws, random),
          .interval_kind = "bootstrap",
          .p_value = test.two_sided,
          .test = test.exact ? "permutation exact" : "permutation"};
}

}  // namespace

std::string leading_score(modelops::WorkloadType workload, bool has_judge) {
  return std::string(score_names(workload, has_judge).front());
}

std::optional<double> score_of(const RowResult& row, std::string_view score) {
  const auto found = row.scores.find(std::string(score));
  if (found != row.scores.end()) return found->second;
  if (is_answered(row) && is_judged(score)) return std::nullopt;
  return 0.0;
}

double cost_per_1000(const modelops::Price& price, double prompt_tokens, double completion_tokens) {
  return (prompt_tokens * price.input_per_million + completion_tokens * price.output_per_million) / 1000;
}

EvaluationSummary summarize(Rows rows, modelops::WorkloadType workload, bool has_judge,
                            const std::optional<modelops::Price>& price, std::uint64_t seed) {
  EvaluationSummary out{.rows = rows.size()};
  count_errors(rows, out);
  for (const std::string_view name : score_names(workload, has_judge))
    if (auto score = summarize_score(rows, name, seed)) out.scores.push_back(std::move(*score));
  measure_latency(rows, out);
  measure_tokens(rows, price, out);
  return out;
}

std::optional<DifferenceSummary> difference_to_base(Rows rows, Rows base, std::string_view score, std::uint64_t seed) {
  std::unordered_map<std::string_view, const RowResult*> base_rows;
  for (const RowResult& row : base)
    if (is_answered(row)) base_rows.emplace(row.record_id, &row);
  std::vector<std::pair<double, double>> pairs;
  for (const RowResult& row : rows) {
    const auto other = base_rows.find(row.record_id);
    if (!is_answered(row) || other == base_rows.end()) continue;
    const auto candidate_score = score_of(row, score), base_score = score_of(*other->second, score);
    if (candidate_score && base_score) pairs.emplace_back(*candidate_score, *base_score);
  }
  if (pairs.empty()) return std::nullopt;
  auto out = is_rate(score) ? rate_difference(pairs)
                            : mean_difference(pairs, Random::for_purpose(seed, std::string(score) + "/difference"));
  out.score = score;
  out.n = pairs.size();
  return out;
}

}  // namespace fw::evals

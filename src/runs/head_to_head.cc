#include <cmath>

#include "evals/statistics/adjusted_p.h"
#include "evals/statistics/noninferiority.h"
#include "evals/statistics/power.h"
#include "runs/impl/report_parts.h"

namespace fw::runs {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kMostCandidates = 8;  ///< of which all pairs are compared
constexpr double kAlpha = 0.05;
constexpr std::int64_t kMostExactRows = 150;  // about half a second
constexpr std::string_view kProduction = "production";
constexpr double kPower = 0.8;

struct Side {
  std::string model_name;
  std::string variant;
  const std::vector<modelops::RowResult>* rows;
};

struct Pair {
  const Side* a;
  const Side* b;
  evals::PairedEstimate estimate;
};

ordered_json side_json(const Side& side) { return {{"model_name", side.model_name}, {"variant", side.variant}}; }

/// Rows over which the difference that was seen would show; null where it shows already.
ordered_json rows_to_tell_apart(const Pair& pair, double p_adjusted) {
  if (p_adjusted < kAlpha) return nullptr;
  const double of_one = pair.estimate.p_value / p_adjusted;  // beside the other pairs' tests
  const auto rows = evals::rows_to_tell_apart(pair.estimate, kAlpha * of_one, kPower);
  return rows ? ordered_json(*rows) : ordered_json(nullptr);
}

/// "It is worse than production by the margin or more", tested on the rows that production was asked again: null where
/// scores are graded, or for two candidates.
ordered_json p_noninferior(const Pair& pair, double margin) {
  const bool is_rate = pair.estimate.test == "mcnemar exact";
  if (pair.b->variant != kProduction || !is_rate || !(margin > 0 && margin < 1)) return nullptr;
  const auto only_a = static_cast<std::int64_t>(pair.estimate.only_a);
  const auto only_b = static_cast<std::int64_t>(pair.estimate.only_b);
  const auto n = static_cast<std::int64_t>(pair.estimate.n);
  if (n <= kMostExactRows) return evals::noninferiority_exact_p(only_a, only_b, n, margin);
  return evals::noninferiority_score(only_a, only_b, n, margin).score_p;
}

std::vector<Side> sides_of(const ReportInput& input, const Findings& findings) {
  std::vector<Side> sides;
  for (const Contender* one : best_of_each(findings.ranked)) {
    if (sides.size() == kMostCandidates) break;
    sides.push_back(
        {one->model_name, *one->variant.id(), &input.evaluations.at({one->candidate, one->variant.id()}).rows});
  }
  if (input.production)
    sides.push_back({input.config.production.name, std::string(kProduction), &input.production->rows});
  return sides;
}

}  // namespace

ordered_json head_to_head_json(const ReportInput& input, const Findings& findings) {
  const auto sides = sides_of(input, findings);
  std::vector<Pair> pairs;
  std::vector<double> p_values;
  for (std::size_t i = 0; i < sides.size(); ++i) {
    for (std::size_t j = i + 1; j < sides.size(); ++j) {
      const auto estimate =
          evals::compare_evaluations(*sides[i].rows, *sides[j].rows, findings.scoring, input.job.seed);
      if (!estimate) continue;
      pairs.push_back({&sides[i], &sides[j], *estimate});
      p_values.push_back(estimate->p_value);
    }
  }
  const auto adjusted = evals::holm(p_values);
  ordered_json list = ordered_json::array();
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const Pair& pair = pairs[i];
    list.push_back({{"a", side_json(*pair.a)},
                    {"b", side_json(*pair.b)},
                    {"n", pair.estimate.n},
                    {"only_a", pair.estimate.only_a},
                    {"only_b", pair.estimate.only_b},
                    {"difference", pair.estimate.difference},
                    {"low", pair.estimate.interval.low},
                    {"high", pair.estimate.interval.high},
                    {"p_value", pair.estimate.p_value},
                    {"p_adjusted", adjusted[i]},
                    {"test", pair.estimate.test},
                    {"p_noninferior", p_noninferior(pair, input.config.promising.margin)},
                    {"rows_to_tell_apart", rows_to_tell_apart(pair, adjusted[i])}});
  }
  return list;
}

}  // namespace fw::runs

#include "app/config/can_decide.h"

#include <algorithm>
#include <cmath>

#include "base/percent.h"
#include "runs/decidability.h"

namespace fw::app {
namespace {

constexpr double kVeryGood = 0.99;  // right on 99 of 100 requests: who asks for more is never told yes
constexpr double kFairChance = 0.5;

std::uint64_t evaluations_of(const runs::RunConfig& run) {
  std::uint64_t tests = 0;
  for (const auto& candidate : run.candidates) {
    tests += static_cast<std::uint64_t>(std::ranges::count_if(run.evaluation.variants, [&](const auto& variant) {
      const bool is_made = !variant.has_adapter || candidate.customization_enabled;
      return is_made && !runs::part_of_rows(run, candidate, variant);
    }));
  }
  return std::max<std::uint64_t>(tests, 1);
}

/// Effective rows of each row (Kish), where the newest part has more rows than its share of the traffic: what it has
/// too many of counts less.
double effective_share(const dataset::SplitSettings& split) {
  const double newest = split.newest_holdout, rows = split.newest_eval_share;
  if (newest <= 0 || newest >= 1 || rows <= 0 || rows >= 1) return 1;
  return 1 / (newest * newest / rows + (1 - newest) * (1 - newest) / (1 - rows));
}

}  // namespace

std::optional<std::string> cannot_decide(const runs::RunConfig& run) {
  if (!run.split.holdout_job.empty()) return std::nullopt;  // how many rows that job has is not known here
  const std::uint64_t tests = evaluations_of(run);
  const double effective = effective_share(run.split);
  const auto rows = static_cast<std::uint64_t>(static_cast<double>(run.split.eval_size) * effective);
  const auto rows_of = [effective](std::uint64_t needed) {
    return std::to_string(std::llround(std::ceil(static_cast<double>(needed) / effective)));
  };
  if (run.promising.margin <= 0)
    return "promising.margin is 0: no number of rows shows that a model is as good; allow some, as 0.05";
  const std::string what = "eval_size " + std::to_string(run.split.eval_size) + " is too small for promising.margin " +
                           percent_as_set(run.promising.margin) + " and " + std::to_string(tests) +
                           (tests == 1 ? " evaluation" : " evaluations") +
                           (effective < 0.95 ? ", with the newest rows weighed by their share of the traffic: " : ": ");
  if (const auto needed = runs::rows_that_can_decide(run.promising, tests); rows < needed) {
    // The newest part may have fewer rows than it is meant to have; then those that there are count for more.
    const bool is_certain = run.split.eval_size < needed;
    return what + "even a model that is right on every row could get a yes only from " +
           (is_certain ? std::to_string(needed) : rows_of(needed)) + " rows on" +
           (is_certain ? "" : " where the newest part has its share (data_split_config.newest_eval_share)") +
           "; raise eval_size or the margin";
  }
  const double chance = runs::chance_to_decide(run.promising, tests, rows, kVeryGood);
  if (run.promising.margin <= 1 - kVeryGood || chance >= kFairChance) return std::nullopt;
  return what + "a model that is right on " + percent_as_set(kVeryGood) +
         " of the traffic would get a yes with a chance of " + percent(chance) + " (80 % with " +
         rows_of(runs::rows_for_chance(run.promising, tests, kVeryGood, 0.8)) + " rows); raise eval_size or the margin";
}

}  // namespace fw::app

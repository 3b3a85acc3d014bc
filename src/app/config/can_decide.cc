#include "app/config/can_decide.h"

#include <algorithm>
#include <cmath>

#include "runs/decidability.h"

namespace fw::app {
namespace {

constexpr double kVeryGood = 0.99;  // right on 99 of 100 requests: who asks for more is never told yes
constexpr double kFairChance = 0.5;

std::string percent(double share) { return std::to_string(std::lround(share * 100)) + " %"; }

std::uint64_t evaluations_of(const runs::RunConfig& run) {
  std::uint64_t tests = 0;
  for (const auto& candidate : run.candidates) {
    tests += static_cast<std::uint64_t>(std::ranges::count_if(run.evaluation.variants, [&](const auto& variant) {
      return !variant.has_adapter || candidate.customization_enabled;
    }));
  }
  return std::max<std::uint64_t>(tests, 1);
}

}  // namespace

std::optional<std::string> cannot_decide(const runs::RunConfig& run) {
  const std::uint64_t rows = run.split.eval_size, tests = evaluations_of(run);
  if (run.promising.margin <= 0)
    return "promising.margin is 0: no number of rows shows that a model is as good; allow some, as 0.05";
  const std::string what = "eval_size " + std::to_string(rows) + " is too small for promising.margin " +
                           percent(run.promising.margin) + " and " + std::to_string(tests) + " evaluations: ";
  if (const auto needed = runs::rows_that_can_decide(run.promising, tests); rows < needed)
    return what + "even a model that is right on every row could get a yes only from " + std::to_string(needed) +
           " rows on; raise eval_size or the margin";
  const double chance = runs::chance_to_decide(run.promising, tests, rows, kVeryGood);
  if (run.promising.margin <= 1 - kVeryGood || chance >= kFairChance) return std::nullopt;
  return what + "a model that is right on " + percent(kVeryGood) + " of the traffic would get a yes with a chance of " +
         percent(chance) + " (80 % with " +
         std::to_string(runs::rows_for_chance(run.promising, tests, kVeryGood, 0.8)) +
         " rows); raise eval_size or the margin";
}

}  // namespace fw::app

#include "runs/decidability.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "evals/statistics/estimate.h"
#include "evals/statistics/power.h"

namespace fw::runs {
namespace {

double adjusted_alpha(std::uint64_t tests) {
  return kVerdictAlpha / static_cast<double>(std::max<std::uint64_t>(tests, 1));
}

}  // namespace

std::uint64_t rows_that_can_decide(const PromisingRule& rule, std::uint64_t tests) {
  if (rule.margin <= 0) return std::numeric_limits<std::uint64_t>::max();
  if (rule.margin >= 1) return rule.min_rows;
  return std::max(rule.min_rows, evals::rows_to_pass_at_best(1 - rule.margin, adjusted_alpha(tests)));
}

double chance_to_decide(const PromisingRule& rule, std::uint64_t tests, std::uint64_t rows, double share_right) {
  if (rows < rows_that_can_decide(rule, tests)) return 0;
  if (share_right >= 1) return 1;
  return evals::noninferiority_power({.baseline_only = 1 - share_right}, rule.margin, static_cast<std::int64_t>(rows),
                                     adjusted_alpha(tests));
}

std::uint64_t rows_for_chance(const PromisingRule& rule, std::uint64_t tests, double share_right, double chance) {
  const double rows =
      evals::noninferiority_rows({.baseline_only = 1 - share_right}, rule.margin, chance, adjusted_alpha(tests));
  constexpr double kMost = 1e15;
  if (!(rows < kMost)) return std::numeric_limits<std::uint64_t>::max();
  return std::max(rows_that_can_decide(rule, tests), static_cast<std::uint64_t>(std::ceil(rows)));
}

}  // namespace fw::runs

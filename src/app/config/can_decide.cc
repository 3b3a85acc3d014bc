#include "app/config/can_decide.h"

#include <cmath>

#include "evals/statistics/proportion.h"

namespace fw::app {
namespace {

double lower_bound_of_all_right(std::uint64_t rows) {
  const auto n = static_cast<std::int64_t>(rows);
  return evals::wilson_interval(n, n).low;
}

std::uint64_t rows_needed(double margin) {
  std::uint64_t rows = 1;
  while (rows < 1'000'000 && lower_bound_of_all_right(rows) < 1 - margin) rows += 1 + rows / 100;
  while (rows > 1 && lower_bound_of_all_right(rows - 1) >= 1 - margin) --rows;
  return rows;
}

std::string percent(double share) { return std::to_string(std::lround(share * 100)); }

}  // namespace

std::optional<std::string> cannot_decide(std::uint64_t eval_size, double margin) {
  if (eval_size == 0 || eval_size > 1'000'000'000 || margin >= 1) return std::nullopt;
  if (lower_bound_of_all_right(eval_size) >= 1 - margin) return std::nullopt;
  if (margin <= 0) return "promising.margin is 0: no number of rows shows that a model is as good; allow some, as 0.05";
  return "eval_size " + std::to_string(eval_size) + " is too small for promising.margin " + percent(margin) +
         " %: even a model that is right on every row could be called promising only from " +
         std::to_string(rows_needed(margin)) + " rows on; raise eval_size or the margin";
}

}  // namespace fw::app

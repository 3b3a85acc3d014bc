#include "runs/impl/ranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "evals/statistics/proportion.h"

namespace fw::runs {

namespace {

constexpr std::uint64_t kMostRows = 10'000'000;
constexpr double kUnknown = std::numeric_limits<double>::infinity();

std::optional<std::uint64_t> rows_for_rate(double rate, double threshold) {
  const auto is_enough = [&](std::uint64_t n) {
    const auto ones = static_cast<std::int64_t>(std::floor(rate * static_cast<double>(n)));
    return evals::wilson_interval(ones, static_cast<std::int64_t>(n)).low >= threshold;
  };
  std::uint64_t enough = 1;
  while (enough < kMostRows && !is_enough(enough)) enough *= 2;
  if (enough >= kMostRows) return std::nullopt;
  std::uint64_t too_few = enough / 2;
  while (enough - too_few > 1) {
    const std::uint64_t middle = too_few + (enough - too_few) / 2;
    (is_enough(middle) ? enough : too_few) = middle;
  }
  return enough;
}

}  // namespace

std::optional<std::uint64_t> rows_needed(const evals::ScoreSummary& score, double threshold) {
  if (!(score.mean > threshold)) return std::nullopt;
  if (score.interval_kind == "wilson") return rows_for_rate(score.mean, threshold);
  // An interval's width goes with the inverse root of the rows.
  const double ratio = (score.mean - score.interval.low) / (score.mean - threshold);
  const double rows = std::ceil(static_cast<double>(score.n) * ratio * ratio);
  if (!(rows < static_cast<double>(kMostRows))) return std::nullopt;
  return static_cast<std::uint64_t>(rows);
}

void judge_contender(Contender& contender, const PromisingRule& rule, const std::string& score_name) {
  const double threshold = 1.0 - rule.margin;
  const auto& score = contender.score;
  contender.is_promising = score.interval.low >= threshold;
  if (contender.is_promising) {
    contender.reason =
        fmt::format("worth a look: the lower 95 % bound of {} is {:.3f}, within {:g} of the production answers",
                    score_name, score.interval.low, rule.margin);
    return;
  }
  if (score.mean < threshold) {
    contender.reason = fmt::format("not good enough: {} is {:.3f}, below {:g}", score_name, score.mean, threshold);
    return;
  }
  contender.reason = fmt::format("inconclusive: {} is {:.3f}, but over {} rows its lower 95 % bound is only {:.3f}",
                                 score_name, score.mean, score.n, score.interval.low);
  if (const auto needed = rows_needed(score, threshold); needed && *needed > score.n) {
    contender.reason +=
        fmt::format("; about {} more rows would decide (data_split_config.eval_size)", *needed - score.n);
  }
}

void rank(std::vector<Contender>& contenders) {
  const auto key = [](const Contender& c) {
    const double cost = c.is_promising ? c.cost_per_1000.value_or(kUnknown) : 0.0;
    return std::make_tuple(!c.is_promising, cost, -c.score.interval.low, -c.score.mean,
                           c.latency_p50.value_or(kUnknown), c.candidate, static_cast<int>(c.type));
  };
  std::ranges::sort(contenders, {}, key);
}

std::string ranking_rule(const PromisingRule& rule, const std::string& score_name) {
  return fmt::format(
      "Models worth a look (the lower 95 % bound of {} is at least {:g}, production being 1) come first, the cheapest "
      "of "
      "them first and those of unknown cost last; all others follow by that lower bound.",
      score_name, 1.0 - rule.margin);
}

}  // namespace fw::runs

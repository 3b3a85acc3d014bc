#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evals/summary.h"
#include "modelops/evaluator.h"
#include "runs/run_config.h"

namespace fw::runs {

/// One finished evaluation as the ranking sees it.
struct Contender {
  std::size_t candidate = 0;
  modelops::EvalType type = modelops::EvalType::kBase;
  evals::ScoreSummary score;  ///< the leading one
  std::optional<double> cost_per_1000;
  std::optional<double> latency_p50;
  bool is_promising = false;
  std::string reason;  ///< why it is, or is not, worth a person's look
};

/// Decides whether a contender is worth a look, and says why. Too few rows are told apart from a model that is not good
/// enough.
void judge_contender(Contender& contender, const PromisingRule& rule, const std::string& score_name);

/// Best first: those worth a look, the cheapest of them first and those of unknown cost last; then the others. What
/// this leaves equal goes by the lower bound, the score, the latency, the order of the configuration.
void rank(std::vector<Contender>& contenders);

/// The rule in one sentence.
[[nodiscard]] std::string ranking_rule(const PromisingRule& rule, const std::string& score_name);

/// The fewest rows over which this score would put the lower bound at the threshold; absent when no number of rows
/// would.
[[nodiscard]] std::optional<std::uint64_t> rows_needed(const evals::ScoreSummary& score, double threshold);

}  // namespace fw::runs

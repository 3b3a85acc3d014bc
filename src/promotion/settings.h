#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "evals/metric.h"
#include "modelops/evaluator.h"
#include "promotion/gates.h"
#include "promotion/model_host.h"
#include "promotion/proposal.h"

namespace fw::promotion {

/// What the judge's ratings of shadowed pairs may cost.
struct JudgeBudget {
  double pairs_a_minute = 6;               ///< evenly: a pair that comes sooner is not rated
  std::size_t concurrency = 2;             ///< questions under way
  std::uint64_t tokens_a_day = 1'000'000;  ///< of questions and ratings; four bytes to one where nobody counts them
  Duration timeout = std::chrono::seconds(60);
};

/// How a service promotes.
struct Settings {
  Rules rules;
  GateLimits gates;
  evals::ScoringSettings scoring;        ///< of pairs: what is compared without the judge
  std::optional<modelops::Judge> judge;  ///< asked where its gate is on
  JudgeBudget judge_budget;
  HostSettings serving;  ///< of what this machine serves itself
};

}  // namespace fw::promotion

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "evals/summary.h"
#include "modelops/variant.h"
#include "runs/impl/verdict.h"

namespace fw::runs {

/// One finished evaluation as the ranking sees it. The summary outlives it.
struct Contender {
  std::size_t candidate = 0;
  std::string model_name;
  modelops::Variant variant;
  const evals::EvaluationSummary* summary = nullptr;  ///< has an agreement
  Verdict verdict;

  [[nodiscard]] bool is_promising() const { return verdict.decision == Decision::kYes; }
  [[nodiscard]] const evals::Estimate& agreement() const { return *summary->agreement; }
};

/// Best first: yes before not decided before no. Among yes the cheaper first, those of unknown cost last; among the
/// others the higher lower bound, then the cheaper. What this leaves equal goes by name, then by the order of the
/// variants: nothing that a clock measured takes part, so that the same answers give the same order.
void rank(std::vector<Contender>& contenders);

/// The best evaluation of each candidate, best first.
[[nodiscard]] std::vector<const Contender*> best_of_each(const std::vector<Contender>& ranked);

/// `smollm2-135m, fine-tuned` (modelops::title_of).
[[nodiscard]] std::string words_of(const Contender& contender);

}  // namespace fw::runs

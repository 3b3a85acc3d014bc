#pragma once

#include <span>
#include <string>
#include <vector>

#include "evals/metric.h"
#include "evals/statistics/estimate.h"
#include "modelops/evaluator.h"

namespace fw::evals {

/// An answer that needs no model, scored as a model's answers are: what a model must beat to be worth anything.
struct Baseline {
  std::string name;   ///< `no_call`, `most_frequent`, `first_tool`
  std::string title;  ///< "always the most frequent answer"
  Estimate agreement;
  std::vector<modelops::RowResult> rows;  ///< in the order of the rows; without latencies and tokens
};

/// The text that production gave most often, as a chat completion: the best that can be said without reading. Ties go
/// to the first in the alphabet; an empty text where production never answered in text.
[[nodiscard]] std::string trivial_text(std::span<const modelops::RowResult> rows);

/// Always answering without a call (by the text that production gave most often), always the most frequent answer of
/// production, always a call of the request's first tool without arguments; best first. What is most frequent is
/// counted on the very rows, which favours the baselines.
///
/// Where settings.has_judge, the rows are those of an evaluation of the trivial text (EvaluationJob::is_trivial): the
/// judge's ratings are taken from them. Else rows of text are compared by the text metric.
[[nodiscard]] std::vector<Baseline> trivial_baselines(std::span<const modelops::RowResult> rows,
                                                      const ScoringSettings& settings);

}  // namespace fw::evals

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "evals/answer.h"
#include "evals/metric.h"
#include "evals/row.h"
#include "modelops/evaluator.h"

namespace fw::evals {

/// Scores an answer by every metric for what production did in the row (its traits' kind); those that cannot be had are
/// named in the result's error. An answer that cannot be scored makes the row a failed one. An answer of the other kind
/// (a tool call where production answered, text where it called) scores 0 in all of them, the judge's too where there
/// is one. What an answer's tool calls did wrong goes to the result's mistakes. Up to seconds of computing for very
/// long texts.
void score_answer(const EvaluationRow& row, const Answer& answer, bool has_judge, modelops::RowResult& result);

/// The judge has something to say: the row was answered, in the kind that production answered in, and the judge's score
/// is absent.
[[nodiscard]] bool needs_judge(const modelops::RowResult& result);
/// Adds the judge's score for what production did in the row.
void score_judgement(const Result<Answer>& judgement, modelops::RowResult& result);

}  // namespace fw::evals

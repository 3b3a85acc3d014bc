#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "evals/answer.h"
#include "evals/judge/judge_prompt.h"
#include "evals/row.h"
#include "modelops/evaluator.h"

namespace fw::evals {

/// Names of scores, as rows, results files and reports have them. All lie in [0, 1].
inline constexpr std::string_view kFunctionName = "function_name";
inline constexpr std::string_view kFunctionNameAndArgs = "function_name_and_args_accuracy";
inline constexpr std::string_view kToolCallingCorrectness = "tool_calling_correctness";  ///< by the judge
inline constexpr std::string_view kSimilarity = "similarity";                            ///< by the judge
inline constexpr std::string_view kRougeL = "rouge_l";                                   ///< where there is no judge
/// Beside `similarity`, not a score: what the judge said, 1 to 10.
inline constexpr std::string_view kSimilarityRating = "similarity_rating";

/// The scores an evaluation has, most important first: the first one ranks candidates.
[[nodiscard]] std::vector<std::string_view> score_names(modelops::WorkloadType workload, bool has_judge);
/// A yes or no per row, so that its mean is a rate.
[[nodiscard]] bool is_rate(std::string_view score);
/// Given by the judge: when it is missing, that is not the candidate's fault.
[[nodiscard]] bool is_judged(std::string_view score);

/// Adds the scores that need no judge to the result; those that cannot be had are named in its error. Texts are
/// compared by Rouge-L (F, stemmed), identical ones score 1, in any script. Up to seconds of computing for very long
/// texts.
void score_answer(const EvaluationRow& row, const Answer& answer, modelops::WorkloadType workload, bool has_judge,
                  modelops::RowResult& result);

[[nodiscard]] JudgeTask judge_task(modelops::WorkloadType workload);
/// Adds the judge's score: a rating r of 1 to 10 becomes (r - 1) / 9.
void score_judgement(const Result<Answer>& judgement, JudgeTask task, modelops::RowResult& result);

}  // namespace fw::evals

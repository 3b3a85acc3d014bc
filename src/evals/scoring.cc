#include "evals/scoring.h"

#include "evals/judge/judge_rating.h"
#include "evals/metrics/rouge.h"
#include "evals/metrics/tool_calling.h"

namespace fw::evals {
namespace {

void add_error(modelops::RowResult& result, const std::string& message) {
  result.error += (result.error.empty() ? "" : "; ") + message;
}

void add_score(modelops::RowResult& result, std::string_view name, double score) {
  result.scores.emplace(std::string(name), score);
}

void score_tools(const EvaluationRow& row, const Answer& answer, modelops::RowResult& result) {
  const auto scores = score_tool_calling(row.tool_calls, answer.message);
  if (!scores) return add_error(result, scores.error().message);
  add_score(result, kFunctionName, scores->function_name);
  if (scores->function_name_and_args) {
    add_score(result, kFunctionNameAndArgs, *scores->function_name_and_args);
  } else {
    add_error(result, "the arguments of a tool call are not JSON text");
  }
}

void score_text(const EvaluationRow& row, const Answer& answer, modelops::RowResult& result) {
  const std::string made = comparable_text(answer.message, message_json(answer.response));
  if (made == row.reference_text) return add_score(result, kRougeL, 1.0);
  const auto score = rouge_l_f(row.reference_text, made);
  if (!score) return add_error(result, score.error().message);
  add_score(result, kRougeL, *score);
}

}  // namespace

std::vector<std::string_view> score_names(modelops::WorkloadType workload, bool has_judge) {
  if (workload == modelops::WorkloadType::kGeneric) return {has_judge ? kSimilarity : kRougeL};
  if (has_judge) return {kFunctionNameAndArgs, kFunctionName, kToolCallingCorrectness};
  return {kFunctionNameAndArgs, kFunctionName};
}

bool is_rate(std::string_view score) {
  return score == kFunctionName || score == kFunctionNameAndArgs || score == kToolCallingCorrectness;
}

bool is_judged(std::string_view score) { return score == kSimilarity || score == kToolCallingCorrectness; }

void score_answer(const EvaluationRow& row, const Answer& answer, modelops::WorkloadType workload, bool has_judge,
                  modelops::RowResult& result) {
  if (workload == modelops::WorkloadType::kToolCalling) return score_tools(row, answer, result);
  if (!has_judge) score_text(row, answer, result);
}

JudgeTask judge_task(modelops::WorkloadType workload) {
  return workload == modelops::WorkloadType::kToolCalling ? JudgeTask::kToolCalls : JudgeTask::kSimilarity;
}

void score_judgement(const Result<Answer>& judgement, JudgeTask task, modelops::RowResult& result) {
  if (!judgement) return add_error(result, "judge: " + judgement.error().message);
  const bool is_tools = task == JudgeTask::kToolCalls;
  const auto rating = parse_judge_rating(judgement->text, is_tools ? 0 : 1, is_tools ? 1 : 10);
  if (!rating) return add_error(result, rating.error().message);
  if (!is_tools) {
    add_score(result, kSimilarity, (*rating - 1) / 9);
    add_score(result, kSimilarityRating, *rating);
  } else if (*rating == 0 || *rating == 1) {
    add_score(result, kToolCallingCorrectness, *rating);
  } else {
    add_error(result, "the judge's rating is neither 0 nor 1");
  }
}

}  // namespace fw::evals

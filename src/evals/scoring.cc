#include "evals/scoring.h"

#include "evals/judge/judge_rating.h"
#include "evals/tool_calls/comparison.h"

namespace fw::evals {
namespace {

using modelops::AnswerKind;

void add_error(modelops::RowResult& result, const std::string& message) {
  result.error += (result.error.empty() ? "" : "; ") + message;
}

void add_score(modelops::RowResult& result, std::string_view name, double score) {
  result.scores.insert_or_assign(std::string(name), score);
}

}  // namespace

void score_answer(const EvaluationRow& row, const Answer& answer, bool has_judge, modelops::RowResult& result) {
  const AnswerKind kind = row.traits.kind;
  const AnswerKind made = calls_tools(answer.message) ? AnswerKind::kToolCalls : AnswerKind::kText;
  const bool had_nothing_to_say = kind == AnswerKind::kText && row.reference_text.empty();
  const bool is_empty = made == AnswerKind::kText && answer.text.empty() && !had_nothing_to_say;
  if (!answer.failure.empty() || is_empty) {
    result.failure = answer.failure.empty() ? kEmpty : answer.failure;
    return;
  }
  for (const Metric* metric : metrics()) {
    if (!metric->applies_to(kind)) continue;
    if (made != kind) {
      if (has_judge || !metric->is_judged) add_score(result, metric->name, 0);
    } else if (metric->score) {
      const auto score = metric->score(row, answer);
      if (score.ok()) add_score(result, metric->name, *score);
      if (!score.ok()) add_error(result, score.error().message);
    }
  }
  result.mistakes =
      compare_tool_calls(tools_of_request(row.request), row.tool_calls, answer.message, row.request).mistakes;
}

bool needs_judge(const modelops::RowResult& result) {
  const Metric* metric = judged_metric(result.traits.kind);
  return metric && result.is_answered() && !result.scores.contains(std::string(metric->name));
}

void score_judgement(const Result<Answer>& judgement, modelops::RowResult& result) {
  const Metric* metric = judged_metric(result.traits.kind);
  if (!metric) return add_error(result, "no metric is the judge's for such a row");
  const JudgedRating& asked = metric->rating;
  if (!judgement) return add_error(result, "judge: " + judgement.error().message);
  if (!judgement->failure.empty()) return add_error(result, "the judge's answer: " + judgement->failure);
  const auto rating = parse_judge_rating(judgement->text, asked.lowest, asked.highest);
  if (!rating) return add_error(result, rating.error().message);
  const auto score = asked.score(*rating);
  if (!score) return add_error(result, score.error().message);
  add_score(result, metric->name, *score);
  if (!asked.kept_as.empty()) add_score(result, asked.kept_as, *rating);
}

}  // namespace fw::evals

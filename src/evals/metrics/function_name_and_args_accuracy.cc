#include "evals/metric.h"
#include "evals/tool_calls/blueprint_scores.h"

namespace fw::evals {
namespace {

Result<double> score(const EvaluationRow& row, const Answer& answer) {
  const auto scores = score_tool_calling(row.tool_calls, answer.message);
  // Calls of a shape that the rule does not read are wrong by it.
  if (!scores) return 0.0;
  // Arguments that are no JSON text have no score by that rule (NaN); to the application they are a wrong answer.
  return scores->function_name_and_args.value_or(0.0);
}

}  // namespace

const Metric& function_name_and_args_accuracy_metric() {
  static constexpr Metric kMetric{
      .name = "function_name_and_args_accuracy",
      .title = "tool names and arguments (the blueprint's rule)",
      .meaning =
          "the blueprint's rule: the set of names is production's, and each of production's calls has the arguments "
          "of the answer's last call of that tool; where production calls one tool with different arguments, none is "
          "right",
      .for_tool_calls = true,
      .is_blueprint_rule = true,
      .precedence = 30,
      .score = score};
  return kMetric;
}

}  // namespace fw::evals

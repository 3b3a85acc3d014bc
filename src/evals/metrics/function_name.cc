#include "evals/metric.h"
#include "evals/tool_calls/blueprint_scores.h"

namespace fw::evals {
namespace {

Result<double> score(const EvaluationRow& row, const Answer& answer) {
  const auto scores = score_tool_calling(row.tool_calls, answer.message);
  // Calls of a shape that the rule does not read are wrong by it.
  if (!scores) return 0.0;
  return scores->function_name;
}

}  // namespace

const Metric& function_name_metric() {
  static constexpr Metric kMetric{
      .name = "function_name",
      .title = "tool names (the blueprint's rule)",
      .meaning =
          "the blueprint's rule: the set of the called tools' names is production's; repeats and order do not count",
      .for_tool_calls = true,
      .is_blueprint_rule = true,
      .precedence = 20,
      .score = score};
  return kMetric;
}

}  // namespace fw::evals

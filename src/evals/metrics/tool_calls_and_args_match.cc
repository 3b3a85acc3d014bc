#include "evals/metric.h"
#include "evals/tool_calls/comparison.h"

namespace fw::evals {
namespace {

Result<double> score(const EvaluationRow& row, const Answer& answer) {
  return compare_tool_calls(tools_of_request(row.request), row.tool_calls, answer.message, row.request).exact ? 1.0
                                                                                                              : 0.0;
}

}  // namespace

const Metric& tool_calls_and_args_match_metric() {
  static constexpr Metric kMetric{
      .name = "tool_calls_and_args_match",
      .title = "exact tool calls",
      .meaning =
          "the answer makes production's tool calls, each as often as production did and in any order, with "
          "equal arguments under the tools' schemas",
      .for_tool_calls = true,
      .precedence = 100,
      .score = score};
  return kMetric;
}

}  // namespace fw::evals

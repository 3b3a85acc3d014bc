#include "evals/metric.h"

namespace fw::evals {

const Metric& tool_calling_correctness_metric() {
  static constexpr Metric kMetric{
      .name = "tool_calling_correctness",
      .title = "tool calls that the judge finds right",
      .meaning =
          "the judge finds that the answer's tool calls do what production's do, also where arguments are worded "
          "otherwise",
      .for_tool_calls = true,
      .is_judged = true,
      .precedence = 50};
  return kMetric;
}

}  // namespace fw::evals

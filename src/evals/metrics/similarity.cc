#include "evals/metric.h"

namespace fw::evals {

const Metric& similarity_metric() {
  static constexpr Metric kMetric{
      .name = "similarity",
      .title = "the judge's rating",
      .meaning = "how well the answer does the work of production's, as the judge rates it from 1 (0) to 10 (1)",
      .kind = MetricKind::kGraded,
      .for_text = true,
      .is_judged = true,
      .precedence = 100};
  return kMetric;
}

}  // namespace fw::evals

#include "evals/metric.h"
#include "evals/text/text_scores.h"

namespace fw::evals {
namespace {

Result<double> score(const EvaluationRow& row, const Answer& answer) {
  return exact_match_score(row.reference_text, answer.text);
}

}  // namespace

const Metric& exact_match_metric() {
  static constexpr Metric kMetric{
      .name = "exact_match",
      .title = "equal texts",
      .meaning = "both texts are the same words, letter case, punctuation and articles aside",
      .kind = MetricKind::kRate,
      .for_text = true,
      .precedence = 30,
      .score = score};
  return kMetric;
}

}  // namespace fw::evals

#include "evals/metric.h"
#include "evals/text/text_scores.h"

namespace fw::evals {
namespace {

Result<double> score(const EvaluationRow& row, const Answer& answer) {
  return token_f1_score(row.reference_text, answer.text);
}

}  // namespace

const Metric& token_f1_metric() {
  static constexpr Metric kMetric{.name = "token_f1",
                                  .title = "common words (F1)",
                                  .meaning = "the share of words that both texts have, whatever their order",
                                  .kind = MetricKind::kGraded,
                                  .for_text = true,
                                  .precedence = 40,
                                  .score = score};
  return kMetric;
}

}  // namespace fw::evals

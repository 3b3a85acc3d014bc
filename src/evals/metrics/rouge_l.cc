#include "evals/metric.h"
#include "evals/text/text_scores.h"

namespace fw::evals {
namespace {

Result<double> score(const EvaluationRow& row, const Answer& answer) {
  return rouge_l_score(row.reference_text, answer.text);
}

}  // namespace

const Metric& rouge_l_metric() {
  static constexpr Metric kMetric{
      .name = "rouge_l",
      .title = "overlap of texts (ROUGE-L)",
      .meaning = "how much of both texts is one common sequence of words: ROUGE-L F over stemmed words",
      .kind = MetricKind::kGraded,
      .for_text = true,
      .precedence = 50,
      .score = score};
  return kMetric;
}

}  // namespace fw::evals

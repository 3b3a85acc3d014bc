#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evals/answer.h"
#include "evals/row.h"
#include "modelops/row_traits.h"

namespace fw::evals {

enum class MetricKind {
  kRate,    ///< a yes or no per row, 1 or 0, so that the mean over rows is a share of rows
  kGraded,  ///< anything from 0 to 1, so that the mean is a mean and no share of rows
};

/// How a judge gives a metric's score. It is asked for a number in [lowest, highest].
struct JudgedRating {
  std::string_view instruction;  ///< what it is told before it sees conversation, reference and candidate
  bool sees_tools = false;       ///< the request's tools are among what it sees
  double lowest = 0;
  double highest = 1;
  /// The score in [0, 1]; an error where the number means nothing.
  Result<double> (*score)(double rating) = nullptr;
  std::string_view kept_as = {};  ///< the number itself stands beside the score under this name; empty: it does not
};

/// How an answer is compared with the production model's. A metric is one file of metrics/ that defines
/// `const Metric& NAME_metric()`, NAME being the file's name; the build finds it there and nothing else refers to it.
struct Metric {
  std::string_view name;     ///< its key in results and reports; never changed
  std::string_view title;    ///< for a person: "exact tool calls"
  std::string_view meaning;  ///< one sentence: when a row scores, or how much
  MetricKind kind = MetricKind::kRate;
  bool for_text = false;        ///< scores rows that production answered in text
  bool for_tool_calls = false;  ///< scores rows in which production called tools
  /// Given by the judge (judge/): when it is missing, that is not the candidate's fault.
  bool is_judged = false;
  bool is_blueprint_rule = false;  ///< kept as NVIDIA's blueprint defines it, for comparison; never leads
  int precedence = 0;              ///< of the metrics that a row can have, the highest leads
  /// A number in [0, 1]; an error where it cannot be computed. Null when judged. The answer is one that can be scored
  /// and of the kind that production gave: the other kind scores 0 in every metric.
  Result<double> (*score)(const EvaluationRow& row, const Answer& answer) = nullptr;
  JudgedRating rating = {};  ///< where it is judged

  [[nodiscard]] bool applies_to(modelops::AnswerKind answer) const {
    return answer == modelops::AnswerKind::kToolCalls ? for_tool_calls : for_text;
  }
};

/// What a configuration says about scores.
struct ScoringSettings {
  bool has_judge = false;
  std::string text_metric = "rouge_l";  ///< leads rows of text where there is no judge
};

/// All metrics, those of higher precedence first. Safe from any thread.
[[nodiscard]] std::span<const Metric* const> metrics();
/// Null for a name that no metric has.
[[nodiscard]] const Metric* find_metric(std::string_view name);
/// The one that the judge gives to rows of this kind; null where there is none.
[[nodiscard]] const Metric* judged_metric(modelops::AnswerKind kind);
/// Names of the metrics that `text_metric` may be, the usual one first.
[[nodiscard]] std::vector<std::string> text_metric_names();
/// The metric that verdicts on rows of this kind rest on. A text_metric that is unknown, judged, or not for text is
/// passed over for the usual one.
[[nodiscard]] const Metric& leading_metric(modelops::AnswerKind kind, const ScoringSettings& settings);

}  // namespace fw::evals

#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evals/summary.h"
#include "modelops/evaluator.h"
#include "modelops/trainer.h"
#include "runs/job.h"
#include "runs/run_config.h"

namespace fw::runs {

/// What the production model used per request, from the `usage` of the logged answers to the evaluation rows: means
/// over the traffic's mix (rows weighed by the records that they stand for).
struct ProductionUsage {
  double prompt_tokens_mean = 0;
  double completion_tokens_mean = 0;
  double cached_prompt_tokens_mean = 0;  ///< of prompt_tokens_mean, those that the server had computed before
  std::uint64_t rows = 0;                ///< that had a usage
  std::uint64_t of_rows = 0;             ///< of so many

  /// Whether so few lack it that the others stand for all.
  [[nodiscard]] bool is_whole() const {
    return static_cast<double>(of_rows - rows) <= evals::kMostMissing * static_cast<double>(of_rows);
  }
};

/// The workload's records from which the datasets were drawn.
struct TrafficWindow {
  std::uint64_t records = 0;
  std::int64_t first = 0;  ///< seconds since 1970
  std::int64_t last = 0;
};

/// One evaluation that succeeded.
struct EvaluationRows {
  std::vector<modelops::RowResult> rows;
  std::vector<std::string> endpoint_notes;
};

/// All that a report is made of.
struct ReportInput {
  using EvaluationKey = std::pair<std::size_t, modelops::VariantId>;  ///< candidate and variant

  Job job;
  RunConfig config;
  std::optional<ProductionUsage> usage;
  std::vector<std::string> answered_by;  ///< models that the logged answers to the evaluation rows name
  std::optional<TrafficWindow> window;
  std::string dataset_card;  ///< JSON (dataset::Card); empty when there are no datasets
  std::map<EvaluationKey, EvaluationRows> evaluations;
  std::optional<EvaluationRows> production;               ///< the production model, asked again
  std::optional<EvaluationRows> baseline;                 ///< the trivial text, rated by the judge
  std::map<std::size_t, modelops::TrainedModel> trained;  ///< by candidate
};

/// The report (docs/formats/report.md, version 2). A pure function of its input: the same input gives the same bytes. A
/// stage that did not happen, or failed, is null or bears its error; a job that failed has a report too.
[[nodiscard]] nlohmann::ordered_json build_report(const ReportInput& input);

}  // namespace fw::runs

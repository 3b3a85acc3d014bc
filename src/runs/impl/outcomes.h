#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "modelops/dataset_store.h"
#include "modelops/evaluator.h"
#include "modelops/trainer.h"
#include "runs/report.h"

namespace fw::runs {

/// What the stages leave in the journal: enough to go on after a restart and to write the report. Paths are absolute.
struct DatasetsOutcome {
  modelops::WorkloadType workload = modelops::WorkloadType::kGeneric;
  std::uint64_t num_records = 0;
  modelops::DatasetRef eval;
  modelops::DatasetRef icl;
  modelops::DatasetRef train;
  std::uint64_t train_rows = 0;
  std::uint64_t validation_rows = 0;
  std::optional<std::uint64_t> rows_with_examples;  ///< of icl; absent in older journals
  std::optional<ProductionUsage> usage;             ///< absent when no logged answer says it
  std::vector<std::string> answered_by;             ///< models that logged answers to evaluation rows name
  std::optional<TrafficWindow> window;
  std::string card;                   ///< dataset::Card as JSON
  std::vector<std::string> warnings;  ///< of the rows, for people (dataset::BuiltDatasets)
};

struct EvaluationOutcome {
  std::string results;  ///< JSONL of RowResult
  std::uint64_t rows = 0;
  std::uint64_t rows_failed = 0;
  std::map<std::string, double> scores;  ///< means
  double wall_seconds = 0;
  std::vector<std::string> endpoint_notes;  ///< what was learnt of the endpoint
};

struct TrainingOutcome {
  modelops::TrainedModel trained;
  std::string customized_model;
};

[[nodiscard]] nlohmann::json to_json(const DatasetsOutcome& outcome);
[[nodiscard]] nlohmann::json to_json(const EvaluationOutcome& outcome);
[[nodiscard]] nlohmann::json to_json(const TrainingOutcome& outcome);
[[nodiscard]] nlohmann::json to_json(const modelops::TrainingProgress& point);

/// kDataLoss when the journal holds something else.
[[nodiscard]] Result<DatasetsOutcome> datasets_outcome(const std::string& text);
[[nodiscard]] Result<EvaluationOutcome> evaluation_outcome(const std::string& text);
[[nodiscard]] Result<TrainingOutcome> training_outcome(const std::string& text);

/// What a finished deployment says of itself (engine, file type, threads); the outcome of another stage has none.
[[nodiscard]] nlohmann::json deployment_json(const std::string& description);
[[nodiscard]] std::optional<std::string> deployment_outcome(const std::string& text);

/// The outcome of a training as its event tells it: of the curve only the last point.
[[nodiscard]] std::string without_curve(const std::string& outcome);

}  // namespace fw::runs

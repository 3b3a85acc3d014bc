#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/strong.h"
#include "modelops/evaluator.h"
#include "modelops/variant.h"
#include "record/ids.h"

namespace fw::runs {

/// One flywheel run: 24 lower-case hex digits.
using JobId = Strong<std::string, struct JobIdTag>;

/// kInvalidArgument unless `text` is 24 hex digits; capitals are taken for small ones, as the blueprint does.
[[nodiscard]] Result<JobId> parse_job_id(std::string_view text);

enum class JobStatus { kPending, kRunning, kCompleted, kCancelled, kFailed };
/// The blueprint calls a candidate a NIM.
enum class CandidateStatus { kPending, kDeploying, kRunningEvals, kCancelled, kCompleted, kFailed };
enum class DeploymentStatus { kCreated, kPending, kRunning, kCancelled, kFailed, kCompleted, kReady, kUnknown };
/// What a run does, in this order; those from kDeploy to kUndeploy once per candidate, kEvaluation once per variant.
enum class StageKind {
  kDatasets,
  kJudge,
  kBaseline,    ///< the judge rates the best trivial text, as it will rate candidates
  kProduction,  ///< the production model is asked again: how far it agrees with itself
  kDeploy,
  kEvaluation,
  kCustomization,
  kDeployTuned,
  kUndeploy,
  kReport
};

/// A part of a run: what is done, and for an evaluation of which variant. A value.
struct Stage {
  StageKind kind = StageKind::kDatasets;
  modelops::VariantId variant;  ///< empty unless an evaluation

  Stage() = default;
  Stage(StageKind which)
      : kind(which) {}  // NOLINT(google-explicit-constructor): a kind is a stage, but for evaluations
  [[nodiscard]] static Stage evaluation(modelops::VariantId of) {
    Stage stage(StageKind::kEvaluation);
    stage.variant = std::move(of);
    return stage;
  }
  friend bool operator==(const Stage&, const Stage&) = default;
};

/// The blueprint's words: `running-evals`, `deploying-nim`, ...; stages: `datasets`, `customization`, ...
[[nodiscard]] std::string_view to_string(JobStatus status);
[[nodiscard]] std::string_view to_string(CandidateStatus status);
[[nodiscard]] std::string_view to_string(DeploymentStatus status);
/// Of an evaluation the id of its variant.
[[nodiscard]] std::string to_string(const Stage& stage);
[[nodiscard]] std::optional<Stage> stage_from_string(std::string_view name);
[[nodiscard]] std::optional<JobStatus> job_status_from_string(std::string_view name);
[[nodiscard]] std::optional<CandidateStatus> candidate_status_from_string(std::string_view name);

[[nodiscard]] inline bool is_finished(JobStatus s) { return s != JobStatus::kPending && s != JobStatus::kRunning; }

/// One evaluation of one candidate, running or ended. `error` is set when it failed or was cancelled.
struct EvaluationState {
  modelops::VariantId variant;
  std::map<std::string, double> scores;  ///< means over the rows that have them
  std::optional<Timestamp> started_at;
  std::optional<Timestamp> finished_at;
  double runtime_seconds = 0;
  double progress = 0;  ///< 0 to 100
  std::uint64_t rows_done = 0;
  std::uint64_t rows_total = 0;
  std::uint64_t rows_failed = 0;
  std::string results_uri;  ///< `file://` of the per-row results; empty until they exist
  std::optional<std::string> error;
};

/// One training of one candidate, running or ended.
struct CustomizationState {
  std::optional<Timestamp> started_at;
  std::optional<Timestamp> finished_at;
  double runtime_seconds = 0;
  double progress = 0;  ///< 0 to 100
  double epochs_completed = 0;
  std::int64_t steps_completed = 0;
  std::int64_t steps_total = 0;
  std::optional<double> loss;  ///< the latest training loss
  double seconds_left = 0;
  std::string customized_model;  ///< empty until there is one
  std::string adapter_uri;       ///< `file://` of the adapter; empty until there is one
  std::optional<std::string> error;
};

struct CandidateState {
  std::string model_name;
  bool customization_enabled = false;
  CandidateStatus status = CandidateStatus::kPending;
  DeploymentStatus deployment_status = DeploymentStatus::kCreated;
  std::string deployment;      ///< engine, file type, threads; empty until deployed
  double runtime_seconds = 0;  ///< sum over its finished stages
  std::vector<EvaluationState> evaluations;
  std::vector<CustomizationState> customizations;
  std::optional<std::string> error;  ///< the first stage that failed, and why
};

struct JudgeState {
  std::string model_name;
  std::string type = "remote";
  DeploymentStatus deployment_status = DeploymentStatus::kCreated;
  std::optional<std::string> error;
};

struct DatasetState {
  std::string name;
  std::string uri;
  std::string digest;
  std::uint64_t num_records = 0;
};

/// A run as anybody outside may see it. A value: a copy taken at one moment.
struct Job {
  JobId id;
  record::WorkloadId workload;
  record::ClientId client;
  JobStatus status = JobStatus::kPending;
  std::optional<Stage> stage;  ///< what goes on now; absent while pending and after the end
  Timestamp created_at;
  std::optional<Timestamp> started_at;
  std::optional<Timestamp> finished_at;
  std::optional<modelops::WorkloadType> workload_type;  ///< known once the datasets are made
  std::optional<std::uint64_t> num_records;             ///< records that were split into the datasets
  std::uint64_t seed = 0;
  /// The seconds in the datasets' names; no two jobs share them.
  std::int64_t dataset_stamp = 0;
  std::optional<JudgeState> judge;
  std::vector<CandidateState> candidates;
  std::vector<DatasetState> datasets;
  bool cancel_requested = false;
  bool datasets_only = false;  ///< it ends once its datasets are made: no candidate is evaluated
  std::optional<std::string> error;
};

}  // namespace fw::runs

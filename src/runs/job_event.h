#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "modelops/trainer.h"
#include "runs/job.h"

namespace fw::runs {

/// What happened to a job, durably. A job's state is the fold of its events (`apply`); they are what the metadata store
/// keeps and what subscribers replay. docs/formats/job_events.md has the JSON form.
struct JobCreated {
  struct Plan {
    std::string model_name;
    bool customization_enabled = false;
  };
  record::WorkloadId workload;
  record::ClientId client;
  std::uint64_t seed = 0;
  std::int64_t dataset_stamp = 0;
  std::vector<Plan> candidates;
  std::optional<std::string> judge_model;
  bool datasets_only = false;
};
struct JobStarted {};
struct StageStarted {
  Stage stage;
  std::optional<std::size_t> candidate;
};
/// `outcome` is a JSON object whose keys depend on the stage (impl/outcomes.h), `{}` when it failed.
struct StageFinished {
  Stage stage;
  std::optional<std::size_t> candidate;
  double runtime_seconds = 0;
  std::optional<std::string> error;
  std::string outcome = "{}";
};
struct CandidateFinished {
  std::size_t candidate = 0;
  CandidateStatus status = CandidateStatus::kCompleted;
  std::optional<std::string> error;
};
struct JobFinished {
  JobStatus status = JobStatus::kCompleted;
  std::optional<std::string> error;
};

struct JobEvent {
  Timestamp at;
  std::variant<JobCreated, JobStarted, StageStarted, StageFinished, CandidateFinished, JobFinished> what;
};

/// Changes the state as the event says. Pure; applying an event of an unknown candidate changes nothing.
void apply(Job& job, const JobEvent& event);

/// Measurements while a stage goes on. Not durable: after a restart they are measured again.
struct DatasetsProgressed {
  std::uint64_t records_read = 0;
  std::uint64_t records_total = 0;
};
struct EvaluationProgressed {
  std::size_t candidate = 0;
  modelops::VariantId variant;
  std::uint64_t rows_done = 0;
  std::uint64_t rows_total = 0;
  std::uint64_t rows_failed = 0;
  std::optional<double> seconds_left;
};
struct TrainingProgressed {
  std::size_t candidate = 0;
  modelops::TrainingProgress point;
};
struct JobProgress {
  std::variant<DatasetsProgressed, EvaluationProgressed, TrainingProgressed> what;
};

void apply(Job& job, const JobProgress& progress);

/// `job`, `stage` or `candidate`; `progress` for JobProgress: the event names of the API's stream.
[[nodiscard]] std::string_view kind_of(const JobEvent& event);
[[nodiscard]] nlohmann::json to_json(const JobEvent& event);
[[nodiscard]] nlohmann::json to_json(const JobProgress& progress);
/// kDataLoss when the text is no event of a version that this program reads. Times of an event are told apart from it.
[[nodiscard]] Result<JobEvent> event_from_json(std::string_view text, Timestamp at);

}  // namespace fw::runs

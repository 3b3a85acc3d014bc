#pragma once

#include "runs/impl/outcomes.h"
#include "runs/impl/run_context.h"

namespace fw::runs {

/// One job from where it stands to its end: datasets, judge, each candidate, report, webhooks. Everything named
/// outlives the run.
class FlywheelRun final {
 public:
  FlywheelRun(RunDependencies& dependencies, const RunOptions& options, std::shared_ptr<JobRecord> record);
  FlywheelRun(const FlywheelRun&) = delete;
  FlywheelRun& operator=(const FlywheelRun&) = delete;

  /// Returns when the job has ended, durably, or when the service stops and it will go on at the next start. An error:
  /// the store failed, so that the job is given up; readers are told, its end is not written. Never throws.
  [[nodiscard]] Task<Status> run();

 private:
  [[nodiscard]] Task<void> stages();
  [[nodiscard]] Task<Result<DatasetsOutcome>> prepare_datasets();
  [[nodiscard]] Task<Status> check_judge();
  [[nodiscard]] Task<void> rate_trivial_text(const DatasetsOutcome& datasets);
  [[nodiscard]] Task<void> ask_production_again(const DatasetsOutcome& datasets);
  [[nodiscard]] Task<void> end_with(const Error& error);
  [[nodiscard]] Task<void> finish(JobStatus status, std::optional<std::string> error);
  [[nodiscard]] Task<Result<std::string>> write_report(Job job);

  RunDependencies& dependencies_;
  const RunOptions& options_;
  const std::shared_ptr<JobRecord> record_;
  JobJournal journal_;
  workflow::Workflow workflow_;
  RunContext context_;
};

/// A job that a candidate's evaluation came out of is completed; one without any is failed, and says why.
[[nodiscard]] JobFinished verdict_of(const Job& job);

}  // namespace fw::runs

#pragma once

#include <memory>
#include <string>

#include "runs/impl/job_journal.h"
#include "runs/run_service.h"
#include "workflow/workflow.h"

namespace fw::runs {

/// The model when it answers; what preparing it takes does not count for `limit`. Throws nothing.
[[nodiscard]] Task<Result<modelops::Deployment>> prepare_and_deploy(modelops::Deployer& deployer,
                                                                    modelops::DeploymentRequest request,
                                                                    Deadline deadline, Duration limit);

/// What all stages of one run share. Lives as long as the run.
struct RunContext {
  RunDependencies& dependencies;
  const RunOptions& options;
  std::shared_ptr<JobRecord> record;
  workflow::Workflow& workflow;
  Deadline deadline;  ///< ends with a cancel or a stop of the service

  [[nodiscard]] std::filesystem::path folder() const { return options.folder / *record->id(); }
  [[nodiscard]] const RunConfig& config() const { return record->config(); }

  /// A durable stage: its start is told, its end journalled; a stage that has ended is replayed in silence.
  [[nodiscard]] Task<Result<std::string>> step(Stage stage, std::optional<std::size_t> candidate,
                                               workflow::StepWork work, workflow::RetryPolicy retry = {});

  /// A stage that a new process must do again (a deployment dies with the service): told, not journalled.
  [[nodiscard]] Task<Result<modelops::Deployment>> deploy(Stage stage, std::size_t candidate,
                                                          modelops::DeploymentRequest request);
};

}  // namespace fw::runs

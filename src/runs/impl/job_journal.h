#pragma once

#include <memory>

#include "runs/impl/job_record.h"
#include "workflow/journal.h"

namespace fw::runs {

/// `datasets`, `judge`, `candidate/0/base-eval`: the key of a stage's step.
[[nodiscard]] workflow::StepKey step_key(Stage stage, std::optional<std::size_t> candidate = std::nullopt);

/// A job's steps in the metadata store. A step's end is written together with the StageFinished event that it is.
class JobJournal final : public workflow::Journal {
 public:
  explicit JobJournal(std::shared_ptr<JobRecord> record) : record_(std::move(record)) {}

  [[nodiscard]] Task<Result<workflow::History>> load() override;
  [[nodiscard]] Task<Status> record(workflow::StepKey key, workflow::StepEnd end) override;

 private:
  const std::shared_ptr<JobRecord> record_;
};

}  // namespace fw::runs

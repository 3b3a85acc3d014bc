#pragma once

#include "io/process.h"
#include "modelops/local/settings.h"
#include "modelops/trainer.h"

namespace fw::modelops {

/// Trains by running `flywheel-trainer train` and reading its JSON lines (docs/formats/trainer_events.md). Below the
/// job's work folder it writes `checkpoint/` and `adapter/`. Conversations are rendered
/// as the deployer's engines render them (impl/chat_template.h). A trainer that dies without a word of its own is
/// started once more and goes on from its checkpoint, one that was killed twice more, each time with less memory to
/// plan with; one that reports an error is not. Jobs run independently of each other; the caller decides how many at
/// once.
///
/// The launcher must outlive the trainer and its calls. Awaitable from any executor.
class LocalTrainer final : public Trainer {
 public:
  LocalTrainer(LocalSettings settings, io::ProcessLauncher& launcher);

  /// Asks `flywheel-trainer plan`, in seconds.
  Task<Status> check_device(ModelSpec model, TrainingSettings settings, Deadline deadline) override;
  Task<Result<TrainedModel>> train(TrainingJob job, std::function<void(const TrainingProgress&)> on_progress,
                                   Deadline deadline) override;

 private:
  LocalSettings settings_;
  io::ProcessLauncher& launcher_;
};

}  // namespace fw::modelops

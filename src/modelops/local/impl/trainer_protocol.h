#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "modelops/trainer.h"

namespace fw::modelops {

/// Where one run of the trainer finds and leaves things.
struct TrainerFolders {
  std::filesystem::path adapter;
  std::filesystem::path checkpoint;
  std::filesystem::path chat_template;  ///< empty: the model's own
  /// Share of the memory it would plan with; smaller after it was killed.
  double memory_share = 1;
};

/// The arguments of `flywheel-trainer train` for a job.
[[nodiscard]] std::vector<std::string> trainer_arguments(const TrainingJob& job, const TrainerFolders& folders,
                                                         int threads);

/// The arguments with which `flywheel-trainer plan` says whether the device that the settings demand can train the
/// model.
[[nodiscard]] std::vector<std::string> plan_arguments(const ModelSpec& model, const TrainingSettings& settings);

struct TrainingStartedEvent {
  std::string device;  ///< `cpu`, or the GPU's name
};
struct TrainingProgressEvent {
  TrainingProgress progress;
  bool is_again = false;  ///< a step before the checkpoint that was taken up; it was reported before
};
struct TrainingDoneEvent {
  TrainedModel model;  ///< all but the curve
};
struct TrainingErrorEvent {
  Error error;
};
/// An event that changes nothing here (`preparing`, `plan`), or one of a later version.
struct OtherTrainingEvent {};

using TrainingEvent = std::variant<OtherTrainingEvent, TrainingStartedEvent, TrainingProgressEvent, TrainingDoneEvent,
                                   TrainingErrorEvent>;

/// One line of the trainer's standard output. kDataLoss for what is no event.
[[nodiscard]] Result<TrainingEvent> parse_training_event(const std::string& line);

}  // namespace fw::modelops

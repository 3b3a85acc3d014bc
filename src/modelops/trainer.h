#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "modelops/model.h"

namespace fw::modelops {

enum class Schedule { kConstant, kLinear, kCosine };

/// Of the frozen weights and what they are multiplied with; sums and the adapter are fp32 in either.
enum class TrainingPrecision {
  kFastest,  ///< bf16 where the processor multiplies it itself, else fp32
  kFp32,
};

/// Which of the adapters that epochs end with is the result.
enum class BestBy {
  kLoss,   ///< the least loss on the validation rows
  kExact,  ///< the most of them predicted token for token; of equals, the least loss
};

/// Where a training's steps are computed.
enum class TrainingDevice {
  kAuto,  ///< a GPU where the trainer was built for one, it answers, and it can train the model; else the processor
  kCpu,
  kCuda,  ///< an NVIDIA GPU, and an error where there is none
};

/// How a LoRA adapter is trained. The first five are the blueprint's keys.
struct TrainingSettings {
  int epochs = 2;
  int batch_size = 16;
  double learning_rate = 1e-4;
  int adapter_dim = 32;  ///< rank
  double adapter_dropout = 0.1;
  std::optional<double> alpha;      ///< default: 2 * adapter_dim
  std::optional<int> upper_layers;  ///< LoRA on the last n layers only; default: on all
  bool rank_stabilised = false;     ///< scale alpha / sqrt(rank) instead of alpha / rank
  BestBy best_by = BestBy::kLoss;
  int patience = 0;  ///< epochs without a better adapter before training ends; 0: never
  Schedule schedule = Schedule::kLinear;
  double warmup_ratio = 0.06;    ///< of all steps
  double final_lr_ratio = 0.05;  ///< of the learning rate, at the last step
  double clip_norm = 1.0;        ///< 0: no clipping
  double weight_decay = 0.0;
  int gradient_accumulation = 1;
  TrainingPrecision precision = TrainingPrecision::kFastest;
  TrainingDevice device = TrainingDevice::kAuto;
  int max_seq_length = 4096;  ///< tokens; longer rows are counted and left out
};

struct TrainingJob {
  ModelSpec model;
  TrainingSettings settings;
  std::filesystem::path train_rows;       ///< JSONL of {"messages", "tools"?}
  std::filesystem::path validation_rows;  ///< the same form; may be empty
  std::uint64_t seed = 0;
  /// The trainer's own folder: checkpoints and the result. A folder with a checkpoint of the same job is resumed.
  std::filesystem::path work_folder;
};

/// One point of the training curve; absent values were not measured at this step.
struct TrainingProgress {
  std::int64_t step = 0;
  std::int64_t total_steps = 0;
  double epoch = 0;
  std::optional<double> loss;
  std::optional<double> validation_loss;
  double learning_rate = 0;
  double tokens_per_second = 0;
  std::uint64_t memory_bytes = 0;
  double seconds_left = 0;
};

struct TrainedModel {
  Adapter adapter;
  std::vector<TrainingProgress> curve;
  std::int64_t steps = 0;
  double epochs = 0;
  std::uint64_t rows = 0;
  std::uint64_t rows_left_out = 0;  ///< with the reasons in `warnings`
  std::int64_t best_step = 0;       ///< after which the adapter was taken: the best by `best_by`
  std::optional<double> validation_loss;
  /// Share of validation rows whose answer teacher forcing predicts token for token.
  std::optional<double> validation_exact;
  std::string device;  ///< `cpu`, or the GPU's name; empty where it is not known
  std::vector<std::string> warnings;
};

class Trainer {
 public:
  virtual ~Trainer() = default;

  /// Whether the device that the settings demand is there and can train the model: what a run would rather know before
  /// it evaluates than after. Settings that demand none are always good.
  [[nodiscard]] virtual Task<Status> check_device(ModelSpec /*model*/, TrainingSettings /*settings*/,
                                                  Deadline /*deadline*/) {
    co_return Status{};
  }

  /// Trains an adapter. A cancelled deadline stops the trainer within two seconds and keeps its last checkpoint, so
  /// that the same job can be taken up again. `on_progress` is called from the awaiter's executor.
  [[nodiscard]] virtual Task<Result<TrainedModel>> train(TrainingJob job,
                                                         std::function<void(const TrainingProgress&)> on_progress,
                                                         Deadline deadline) = 0;
};

}  // namespace fw::modelops

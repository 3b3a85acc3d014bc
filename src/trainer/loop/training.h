#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "trainer/loop/checkpoint.h"
#include "trainer/loop/memory_plan.h"
#include "trainer/loop/schedule.h"
#include "trainer/model/model.h"

namespace fw::trainer {

class Device;

/// Which of the adapters that epochs end with is the result.
enum class BestBy : std::uint8_t {
  kLoss,   ///< the least loss on the validation rows
  kExact,  ///< the most of them exact; of equals, the least loss
};

struct TrainingOptions {
  int epochs = 2;
  int batch_size = 16;
  int gradient_accumulation = 1;
  double learning_rate = 1e-4;
  Decay decay = Decay::kLinear;
  double warmup_ratio = 0.06;
  double final_lr_ratio = 0.05;
  double clip_norm = 1.0;
  double weight_decay = 0;
  std::int64_t rank = 32;
  double alpha = 64;
  bool rank_stabilised = false;  ///< scale alpha / sqrt(rank) instead of alpha / rank
  double dropout = 0;
  std::optional<int> upper_layers;  ///< LoRA on the last n layers only
  std::uint64_t seed = 0;
  BestBy best_by = BestBy::kLoss;
  int patience = 0;         ///< epochs in a row without a better adapter that end it; 0: none do
  bool keep_order = false;  ///< rows in the file's order in every epoch, instead of one drawn from the seed
  /// Where training starts from instead of a new adapter; its rank, scale and layers are kept.
  std::optional<Adapter> initial_adapter;

  Device* device = nullptr;  ///< that runs the steps; null: the processor

  std::filesystem::path checkpoint_folder;  ///< empty: no checkpoints
  double checkpoint_seconds = 20;
  std::uint64_t frozen_memory_limit = 2ULL << 30;  ///< bytes of hidden states kept in memory
  std::int64_t pass_tokens = 0;   ///< most tokens of one forward and backward pass; 0: as memory allows
  double memory_share = 1;        ///< of the free memory that passes are planned with; less after a kill
  std::optional<bool> recompute;  ///< layers in backward; nullopt: as memory asks for
};

/// What training tells while it runs; all optional. Called on the training thread.
struct TrainingEvents {
  /// Before the first step.
  std::function<void(const MemoryPlan&)> on_plan;
  /// Hidden states of the frozen layers: rows done, of all.
  std::function<void(std::size_t, std::size_t)> on_prepared;
  /// `again`: a point of the part that a checkpoint has brought back.
  std::function<void(const Progress&, bool again)> on_progress;
  /// Asked between passes; true stops with kCancelled after a last checkpoint.
  std::function<bool()> should_stop;
};

struct TrainingResult {
  Adapter adapter;  ///< after `best_step`
  std::int64_t steps = 0;
  std::int64_t resumed_from = 0;
  std::int64_t best_step = 0;             ///< by `best_by`; the last without validation rows
  std::optional<double> validation_loss;  ///< after it
  std::optional<double> validation_exact;
  std::vector<std::string> warnings;
};

/// LoRA fine-tuning of `weights` on chat rows. Same arguments, same thread count: the same adapter, also when it was
/// interrupted and taken up from its checkpoint. How a step is cut into passes changes the last digits alone. A step
/// whose loss or gradient is no finite number ends it: kFailedPrecondition, with the step.
[[nodiscard]] Result<TrainingResult> train(const ModelWeights& weights, const std::vector<TrainingRow>& rows,
                                           const std::vector<TrainingRow>& validation, const TrainingOptions& options,
                                           const TrainingEvents& events, const Clock& clock);

}  // namespace fw::trainer

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "trainer/loop/optimizer.h"
#include "trainer/lora/adapter.h"

namespace fw::trainer {

/// One point of the training curve; absent values were not measured at this step.
struct Progress {
  std::int64_t step = 0;
  std::int64_t total_steps = 0;
  double epoch = 0;
  std::optional<double> loss;
  std::optional<double> validation_loss;
  std::optional<double> validation_exact;
  double learning_rate = 0;
  double tokens_per_second = 0;
  std::uint64_t memory_bytes = 0;
  double seconds_left = 0;
};

/// The adapter as it was when the validation rows liked it best.
struct BestAdapter {
  Adapter adapter;
  std::int64_t step = 0;
  double loss = 0;   ///< of the validation rows
  double exact = 0;  ///< share of them
};

/// What a checkpoint holds beside tensors.
struct CheckpointState {
  std::string fingerprint;       ///< of model, rows and settings; another job's checkpoint is not taken up
  std::int64_t step = 0;         ///< steps done
  std::int64_t pass_tokens = 0;  ///< how batches were cut, which decides the order of sums
  double seconds = 0;            ///< spent in training so far
  std::vector<Progress> curve;
  std::optional<BestAdapter> best;
};

/// A training's checkpoint: `checkpoint.safetensors`, replaced whole, and `curve.jsonl`, which grows by the points
/// since the one before and is synced first; a crash leaves the old state or the new one. Not thread-safe.
class Checkpoint final {
 public:
  /// Without a folder nothing is kept.
  explicit Checkpoint(std::filesystem::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] bool is_kept() const { return !folder_.empty(); }
  [[nodiscard]] Status write(const CheckpointState& state, const Adapter& adapter, Optimizer& optimizer);
  /// The state of the folder's checkpoint, with adapter and optimiser filled from it; nullopt when there is none, or
  /// only one of another job, which the next write replaces. kDataLoss for a damaged one.
  [[nodiscard]] Result<std::optional<CheckpointState>> read(const std::string& fingerprint, Adapter& adapter,
                                                            Optimizer& optimizer);

 private:
  [[nodiscard]] Status append_curve(const std::vector<Progress>& curve);
  [[nodiscard]] Result<std::vector<Progress>> read_curve(std::size_t points);

  std::filesystem::path folder_;
  std::size_t points_written_ = 0;
};

/// Progress as the JSON object of a progress event, without "event"; and back.
[[nodiscard]] std::string to_json(const Progress& progress);

}  // namespace fw::trainer

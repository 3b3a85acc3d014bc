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

/// What a checkpoint holds beside tensors.
struct CheckpointState {
  std::string fingerprint;       ///< of model, rows and settings; another job's checkpoint is not taken up
  std::int64_t step = 0;         ///< steps done
  std::int64_t pass_tokens = 0;  ///< how batches were cut, which decides the order of sums
  double seconds = 0;            ///< spent in training so far
  std::vector<Progress> curve;
};

/// Written beside and renamed: a crash leaves the old checkpoint or the new one.
[[nodiscard]] Status write_checkpoint(const std::filesystem::path& folder, const CheckpointState& state,
                                      const Adapter& adapter, Optimizer& optimizer);
/// The state of `folder`'s checkpoint, with adapter and optimiser filled from it; nullopt when there is none, or only
/// one of another job. kDataLoss for a damaged one.
[[nodiscard]] Result<std::optional<CheckpointState>> read_checkpoint(const std::filesystem::path& folder,
                                                                     const std::string& fingerprint, Adapter& adapter,
                                                                     Optimizer& optimizer);

/// Progress as the JSON object of a progress event, without "event"; and back.
[[nodiscard]] std::string to_json(const Progress& progress);

}  // namespace fw::trainer

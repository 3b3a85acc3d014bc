#pragma once

#include <cstdint>

namespace fw::trainer {

enum class Decay { kConstant, kLinear, kCosine };

/// The learning rate over a training of `total_steps`: rises in equal parts over the first warmup_ratio of the steps,
/// then decays so that the last step has peak * final_ratio.
struct LearningRate {
  double peak = 1e-4;
  Decay decay = Decay::kLinear;
  double warmup_ratio = 0;
  double final_ratio = 0;
  std::int64_t total_steps = 1;

  /// Of step 0, 1, .. total_steps - 1.
  [[nodiscard]] double at(std::int64_t step) const;
};

}  // namespace fw::trainer

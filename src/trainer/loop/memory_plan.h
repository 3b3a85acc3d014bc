#pragma once

#include <cstdint>

#include "base/result.h"
#include "trainer/model/precision.h"
#include "trainer/weights/model_config.h"

namespace fw::trainer {

/// What a training would do, as far as its memory depends on it.
struct MemoryNeeds {
  ModelConfig config;
  Precision precision = Precision::kFp32;
  std::int64_t trained_layers = 0;
  std::int64_t rank = 0;
  int threads = 1;
  std::int64_t longest_row = 1;   ///< tokens
  std::int64_t largest_step = 1;  ///< tokens that a step's rows have at most
  std::uint64_t available = 0;    ///< bytes beside what is loaded already
  double share = 1;               ///< of these that may be planned with; smaller after the system killed a training
};

/// How a step is cut into passes so that it fits: what is kept per token, and whether layers are computed again in
/// backward instead of being kept. The figures are counted, not measured: what forward keeps for backward, what one
/// layer's backward holds at once, logits.
struct MemoryPlan {
  std::int64_t pass_tokens = 1;  ///< most tokens of one forward and backward pass
  bool recomputes = false;
  std::uint64_t bytes_per_token = 0;  ///< kept from forward to backward
  std::uint64_t pass_bytes = 0;       ///< of the largest pass
  std::uint64_t available = 0;
};

/// Layers are kept where the longest row fits, else computed again. kResourceExhausted when even so it does not, with
/// the length that would.
[[nodiscard]] Result<MemoryPlan> plan_memory(const MemoryNeeds& needs);

/// Bytes of a model's weights as they are loaded.
[[nodiscard]] std::uint64_t weight_bytes(const ModelConfig& config, Precision precision);
/// Bytes of an adapter on all seven linear layers of the upper `layers` with its gradients and AdamW's moments.
[[nodiscard]] std::uint64_t adapter_bytes(const ModelConfig& config, std::int64_t rank, std::int64_t layers);

}  // namespace fw::trainer

#include <algorithm>
#include <bit>
#include <string>

#include "trainer/device/device_engine.h"
#include "trainer/device/device_model.h"

namespace fw::trainer {
namespace {

constexpr std::int64_t kActivation = 2;  // bytes: bfloat16
constexpr double kShareForPasses = 0.85;
// Keys are gathered for every segment that sees them: so many copies of a token's on average, where rows share much.
constexpr std::int64_t kGathered = 6;

// Bytes of a token that a layer keeps for its backward (device_model.cc, Kept), without its input.
std::uint64_t kept_in_layer(const MemoryNeeds& n) {
  const auto& c = n.config;
  const std::int64_t ranks = 7 * n.rank;
  const std::int64_t halves =
      2 * c.hidden + 4 * c.q_size() + 2 * c.kv_size() + 2 * kGathered * c.kv_size() + 3 * c.feed_forward + ranks;
  const std::int64_t post_norms = c.post_norms ? 2 * (c.hidden + 1) : 0;
  return static_cast<std::uint64_t>(kActivation * halves + 4 * (c.hidden + 2 * c.heads + post_norms));
}

// Bytes of a token that all layers share: gradients, a product's output, what attention's backward takes.
std::uint64_t shared(const MemoryNeeds& n) {
  const auto& c = n.config;
  const std::int64_t halves = 6 * c.hidden + 5 * c.q_size() + 4 * c.kv_size() +
                              2 * kGathered * (c.kv_size() + c.q_size()) + 3 * c.feed_forward +
                              std::max(c.feed_forward, c.q_size());
  return static_cast<std::uint64_t>(kActivation * halves + 4 * (3 * c.hidden + 2 * c.q_size()));
}

std::string gib(std::uint64_t bytes) {
  const std::uint64_t tenths = bytes * 10 >> 30;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GiB";
}

}  // namespace

std::uint64_t device_weight_bytes(const ModelConfig& config, std::int64_t rank, std::int64_t layers) {
  // The copy for products and the gradients of joined matrices on top of what the processor keeps.
  return weight_bytes(config, Precision::kBf16) + adapter_bytes(config, rank, layers) * 2;
}

Result<MemoryPlan> plan_device_memory(const MemoryNeeds& n) {
  const auto layers = static_cast<std::uint64_t>(std::max<std::int64_t>(n.trained_layers, 1));
  const auto input = static_cast<std::uint64_t>(n.config.hidden) * 4;
  const std::uint64_t layer = kept_in_layer(n);
  const std::uint64_t logits = DeviceModel::logit_bytes(n.config, n.largest_step);
  const auto budget = static_cast<std::uint64_t>(static_cast<double>(n.available) * kShareForPasses * n.share);
  const std::uint64_t for_tokens = budget > logits ? budget - logits : 0;
  const auto longest = static_cast<std::uint64_t>(n.longest_row);

  MemoryPlan plan{.available = n.available};
  plan.bytes_per_token = (input + layer) * layers;
  std::uint64_t each = plan.bytes_per_token + shared(n);
  if (longest * each > for_tokens) {
    plan.recomputes = true;
    plan.bytes_per_token = input * layers + layer;
    each = plan.bytes_per_token + shared(n);
  }
  if (longest * each + logits > n.available) {
    const std::uint64_t fitting = n.available > logits ? (n.available - logits) / each : 0;
    return resource_exhausted("a row of " + std::to_string(longest) + " tokens needs " + gib(longest * each + logits) +
                              " of the GPU's memory beside the model, and " + gib(n.available) +
                              " are free; lower max_seq_length (" + std::to_string(fitting) +
                              " would fit), or train fewer layers (upper_layers)");
  }
  const std::uint64_t tokens = std::bit_floor(std::max<std::uint64_t>(for_tokens / each, 1));
  plan.pass_tokens = std::max(static_cast<std::int64_t>(std::min<std::uint64_t>(tokens, 1ULL << 40)), n.longest_row);
  plan.pass_bytes = static_cast<std::uint64_t>(std::min(plan.pass_tokens, n.largest_step)) * each + logits;
  return plan;
}

}  // namespace fw::trainer

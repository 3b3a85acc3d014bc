#include "trainer/loop/memory_plan.h"

#include <algorithm>
#include <bit>
#include <string>

namespace fw::trainer {
namespace {

// Beside passes: the allocator's own, the page cache, others on the machine.
constexpr double kShareForPasses = 0.6;
constexpr std::int64_t kLogitRows = 256;  // as in ops.cc
constexpr std::int64_t kSmallestPass = 512;

// Bytes of a token in one layer that forward keeps for backward (ops.cc): what the norms, the products, attention and
// SwiGLU save. In bfloat16 the products' inputs are kept rounded, attention's output in both forms.
std::uint64_t kept_in_layer(const MemoryNeeds& n) {
  const auto& c = n.config;
  const double half = n.precision == Precision::kBf16 ? 0.5 : 1;
  const double heads = static_cast<double>(c.q_size() + 2 * c.kv_size()) + static_cast<double>(c.q_size()) +
                       (half < 1 ? half * static_cast<double>(c.q_size()) : 0);
  const double floats = 2 * static_cast<double>(c.hidden) + 2 * half * static_cast<double>(c.hidden) + heads +
                        2 * static_cast<double>(c.feed_forward) + half * static_cast<double>(c.feed_forward) +
                        (c.post_norms ? 2 * static_cast<double>(c.hidden) : 0) + 7 * static_cast<double>(n.rank);
  return static_cast<std::uint64_t>(floats * sizeof(float));
}

// Bytes of a token that the backward of one layer holds at once: gradients of the widest product's two sides, their
// rounded forms, the residual's, and attention's sums of each thread.
std::uint64_t held_by_backward(const MemoryNeeds& n) {
  const auto& c = n.config;
  const std::int64_t widest = std::max(4 * c.feed_forward, 3 * (c.q_size() + 2 * c.kv_size()));
  const std::int64_t floats = widest + 5 * c.hidden + 2 * c.head_dim * std::min<std::int64_t>(n.threads, 64);
  return static_cast<std::uint64_t>(floats) * sizeof(float);
}

std::string gib(std::uint64_t bytes) {
  const std::string tenths = std::to_string(bytes * 10 / (1ULL << 30));
  return (tenths.size() > 1 ? tenths.substr(0, tenths.size() - 1) : "0") + "." + tenths.back() + " GiB";
}

}  // namespace

Result<MemoryPlan> plan_memory(const MemoryNeeds& n) {
  const auto layers = static_cast<std::uint64_t>(std::max<std::int64_t>(n.trained_layers, 1));
  const std::uint64_t layer = kept_in_layer(n), held = held_by_backward(n);
  const auto logits = static_cast<std::uint64_t>(kLogitRows * n.config.vocab) * 6;
  const auto budget = static_cast<std::uint64_t>(static_cast<double>(n.available) * kShareForPasses * n.share);
  const std::uint64_t for_tokens = budget > logits ? budget - logits : 0;
  const auto longest = static_cast<std::uint64_t>(n.longest_row);

  MemoryPlan plan{.available = n.available};
  plan.bytes_per_token = layer * layers;
  std::uint64_t each = plan.bytes_per_token + held;
  if (longest * each > for_tokens) {
    plan.recomputes = true;
    // Every layer's input, and one layer whole (the last is not computed again).
    plan.bytes_per_token = static_cast<std::uint64_t>(n.config.hidden) * sizeof(float) * layers;
    each = plan.bytes_per_token + 2 * layer + held;
  }
  if (longest * each + logits > n.available) {
    const std::uint64_t fitting = n.available > logits ? (n.available - logits) / each : 0;
    return resource_exhausted("a row of " + std::to_string(longest) + " tokens needs " + gib(longest * each + logits) +
                              " of memory beside the model, and " + gib(n.available) +
                              " are free; lower max_seq_length (" + std::to_string(fitting) +
                              " would fit), or train fewer layers (upper_layers)");
  }
  // A power of two, so that a little more or less free memory cuts a step the same way.
  const std::uint64_t tokens = std::bit_floor(std::max<std::uint64_t>(for_tokens / each, 1));
  plan.pass_tokens = std::max<std::int64_t>({static_cast<std::int64_t>(std::min<std::uint64_t>(tokens, 1ULL << 40)),
                                             n.longest_row, n.share < 1 ? 1 : kSmallestPass});
  plan.pass_bytes = static_cast<std::uint64_t>(std::min(plan.pass_tokens, n.largest_step)) * each + logits;
  return plan;
}

std::uint64_t weight_bytes(const ModelConfig& c, Precision precision) {
  const std::int64_t layer = c.hidden * (2 * c.q_size() + 2 * c.kv_size() + 3 * c.feed_forward);
  const std::int64_t elements = c.layers * layer + (c.tied ? 1 : 2) * c.vocab * c.hidden;
  return static_cast<std::uint64_t>(elements) * (precision == Precision::kBf16 ? 2 : 4);
}

std::uint64_t adapter_bytes(const ModelConfig& c, std::int64_t rank, std::int64_t layers) {
  const std::int64_t sides =
      2 * c.hidden + 2 * c.q_size() + 2 * (c.hidden + c.kv_size()) + 3 * (c.hidden + c.feed_forward);
  return static_cast<std::uint64_t>(rank * layers * sides) * 4 * sizeof(float);
}

}  // namespace fw::trainer

#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "trainer/model/tree_attention.h"
#include "trainer/weights/model_config.h"

namespace fw::trainer {

// Differentiable operations of the training path, each with its own backward. Contiguous, CPU, fp32, except that the
// weight of a linear layer or of the head may be bfloat16: what it is multiplied with is then rounded to bfloat16 too,
// and sums are fp32 still. Such a weight has no gradient.

/// x [tokens, width] -> the same shape.
[[nodiscard]] at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

/// [tokens, 2 * width] of gate | up -> activation(gate) * up, [tokens, width].
[[nodiscard]] at::Tensor gated(const at::Tensor& gate_up, Activation activation = Activation::kSilu);

/// A low-rank addition to `rows` output columns of a linear layer from `offset` on: scale * (x a^T) b^T.
struct LowRank {
  at::Tensor a;  ///< [rank, in]; undefined: none
  at::Tensor b;  ///< [rows, rank]
  std::int64_t offset = 0;
};

/// Drawn for each element from the seed, its row's key and its column: a token has the same mask however the rows of a
/// step are cut into passes.
struct Dropout {
  double probability = 0;
  std::uint32_t seed = 0;
  at::Tensor keys;  ///< int32, one a row of x; not read when the probability is 0
};

/// x [tokens, in], weight [out, in], bias [out] or undefined. Up to three low-rank additions share their input (and its
/// dropout). Nothing is computed for what needs no gradient.
[[nodiscard]] at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                                const std::array<LowRank, 3>& low_rank = {}, double scale = 1, Dropout dropout = {});

/// Cosine and sine of every position below a length, [positions, rotated elements / 2] each; of a head's first
/// elements.
struct RopeTable {
  at::Tensor cosine;
  at::Tensor sine;
};

/// qkv [tokens, (heads + 2 kv_heads) * head_dim] -> [tokens, heads * head_dim]; rotates q and k by their positions.
/// `plan` must outlive the graph, hence shared. `precision` is that of its products' factors.
[[nodiscard]] at::Tensor tree_attention(const at::Tensor& qkv, const std::shared_ptr<const AttentionPlan>& plan,
                                        const std::shared_ptr<const std::vector<std::int64_t>>& positions,
                                        const RopeTable& rope, Precision precision = Precision::kFp32);

/// The vocabulary head and its loss where there is one.
struct HeadResult {
  at::Tensor loss;                 ///< scalar: sum of cross entropies
  std::vector<float> losses;       ///< per term
  std::vector<std::uint8_t> hits;  ///< per term: the target has the highest logit
};
/// hidden [terms, width], weight [vocab, width]. Logits are made a few rows at a time and never kept; the gradient of
/// `hidden` is computed on the way when it is needed. With a `cap` the logits are cap * tanh(logit / cap).
[[nodiscard]] HeadResult head_loss(const at::Tensor& hidden, const at::Tensor& weight,
                                   const std::vector<std::int32_t>& targets, double cap = 0);

}  // namespace fw::trainer

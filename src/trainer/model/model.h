#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "trainer/lora/adapter.h"
#include "trainer/model/ops.h"
#include "trainer/model/precision.h"
#include "trainer/packing/token_tree.h"
#include "trainer/weights/weight_source.h"

namespace fw::trainer {

/// One decoder layer. What shares an input is one matrix: qkv = q | k | v rows, gate_up = gate | up rows.
struct LayerWeights {
  at::Tensor attention_norm, feed_forward_norm;
  at::Tensor attention_post_norm, feed_forward_post_norm;  ///< defined with ModelConfig::post_norms
  at::Tensor qkv, qkv_bias;
  at::Tensor q_norm, k_norm;  ///< [head_dim]; defined for qwen3 and gemma3 only
  at::Tensor out, out_bias;
  at::Tensor gate_up, gate_up_bias;
  at::Tensor down, down_bias;
};

/// A decoder's weights in fp32; the matrices in bfloat16 where they were loaded so. Biases that the model does not have
/// are undefined.
struct ModelWeights {
  ModelConfig config;
  at::Tensor embedding;  ///< [vocab, hidden]
  std::vector<LayerWeights> layers;
  at::Tensor final_norm;
  at::Tensor head;  ///< the embedding itself when tied

  /// Every distinct tensor, for full fine-tuning and for counting.
  [[nodiscard]] std::vector<at::Tensor> parameters() const;
  [[nodiscard]] Precision precision() const;
};

/// `keep_layers`: indices of the source's layers that are kept, strictly rising; empty keeps all.
[[nodiscard]] Result<ModelWeights> load_weights(WeightSource& source, std::span<const int> keep_layers = {},
                                                Precision precision = Precision::kFp32);

/// Cosine and sine of positions 0 .. length - 1.
[[nodiscard]] RopeTable make_rope_table(const ModelConfig& config, std::int64_t length,
                                        LayerRope rope = LayerRope::kGlobal);

/// What a pass over a packed batch works with; shared by the layers.
struct PackedInput {
  std::shared_ptr<const TokenTree> tree;
  std::shared_ptr<const AttentionPlan> whole, windowed;  ///< of layers that see everything, and of those that do not
  std::shared_ptr<const std::vector<std::int64_t>> positions;
  at::Tensor keys;  ///< TokenTree::keys
};
[[nodiscard]] PackedInput prepare(const ModelConfig& config, TokenTree tree);

/// Runs the decoder over packed batches. Holds references: weights and adapter must outlive it. Differentiable in
/// whatever of them requires gradients. Not thread-safe.
class PackedModel final {
 public:
  /// `adapter` may be null.
  PackedModel(const ModelWeights& weights, const Adapter* adapter, std::int64_t longest);

  /// Dropout on the adapter's inputs, drawn from `seed` and the layer; zero turns it off.
  void set_dropout(double probability, std::uint64_t seed);

  /// Of each layer only its input is kept, and backward computes the rest again: a third more work for a fraction of
  /// the memory. The results are the same, bit for bit.
  void set_recomputation(bool on) { recomputes_ = on; }

  [[nodiscard]] at::Tensor embed(const TokenTree& tree) const;
  /// Hidden states before layer `layer`, of layers that are not trained: nothing is kept for backward.
  [[nodiscard]] at::Tensor before(const PackedInput& input, int layer) const;
  /// Hidden states [tokens, hidden] through layers [first, last).
  [[nodiscard]] at::Tensor run_layers(at::Tensor hidden, const PackedInput& input, int first, int last) const;
  /// From hidden states before layer `first` to the loss. The last layer's part behind attention, the final norm and
  /// the head are computed only where there is a loss.
  [[nodiscard]] HeadResult loss(at::Tensor hidden, const PackedInput& input, int first) const;
  /// Logits [tokens, vocab] of every token of the tree; for tests and small inputs.
  [[nodiscard]] at::Tensor logits(const PackedInput& input) const;

 private:
  [[nodiscard]] at::Tensor attention(const at::Tensor& hidden, const PackedInput& input, int layer) const;
  /// `keys`: of the tokens of `hidden`.
  [[nodiscard]] at::Tensor behind_attention(const at::Tensor& hidden, const at::Tensor& attended,
                                            const at::Tensor& keys, int layer) const;
  [[nodiscard]] at::Tensor run_layer(const at::Tensor& hidden, const PackedInput& input, int layer) const;
  [[nodiscard]] at::Tensor project(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                                   const at::Tensor& keys, int layer,
                                   std::initializer_list<std::pair<Projection, std::int64_t>> parts) const;
  [[nodiscard]] at::Tensor normalise_heads(const at::Tensor& qkv, const LayerWeights& weights) const;

  const ModelWeights& weights_;
  const Adapter* adapter_;
  std::array<RopeTable, 3> ropes_;  ///< by LayerRope; empty where no layer has it
  double dropout_ = 0;
  std::uint64_t dropout_seed_ = 0;
  bool recomputes_ = false;
};

}  // namespace fw::trainer

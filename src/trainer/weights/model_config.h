#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace fw::trainer {

enum class RopeKind { kDefault, kLinear, kYarn, kLlama3 };

/// How rotary position embedding stretches a context (names as in Hugging Face's configurations).
struct RopeScaling {
  RopeKind kind = RopeKind::kDefault;
  double factor = 1;
  double low_freq_factor = 1;
  double high_freq_factor = 4;
  double original_context = 0;  ///< original_max_position_embeddings
  double beta_fast = 32;
  double beta_slow = 1;
  double attention_factor = 0;        ///< 0: derived from `factor`
  double extra_attention_factor = 1;  ///< on top of the one that the kind gives
  double mscale = 0;                  ///< 0: absent
  double mscale_all_dim = 0;
  bool truncate = true;         ///< of yarn's correction range
  std::vector<float> divisors;  ///< per frequency, as GGUF's rope_freqs.weight; empty: none
};

/// What the gate of a feed-forward network goes through; kGelu is GELU's tanh form.
enum class Activation : std::uint8_t { kSilu, kGelu };

/// The positions that a layer's queries and keys are rotated by.
enum class LayerRope : std::uint8_t { kGlobal, kLocal, kNone };

/// What sets the attention of one layer apart from that of others.
struct LayerKind {
  bool is_windowed = false;  ///< sees the last `sliding_window` tokens alone
  LayerRope rope = LayerRope::kGlobal;

  friend bool operator==(const LayerKind&, const LayerKind&) = default;
};

/// The shape of a decoder: RMS norm, rotary positions, grouped-query attention, a gated feed-forward network. What
/// architectures add to that (families/) is a member here, off unless it is set.
struct ModelConfig {
  std::string architecture;  ///< as GGUF names it; of a family (families/family.h)
  std::int64_t vocab = 0;
  std::int64_t hidden = 0;
  std::int64_t feed_forward = 0;
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t context = 0;
  double norm_eps = 1e-5;
  double rope_theta = 10000;
  RopeScaling rope;
  std::int64_t rotated = 0;         ///< elements of a head that are rotated, its first ones; 0: all
  double local_rope_theta = 10000;  ///< of layers with LayerRope::kLocal, whose context is never stretched
  std::int64_t sliding_window = 0;  ///< 0: every earlier token is seen
  std::vector<LayerKind> kinds;     ///< per layer; empty: all alike, windowed where there is a window
  Activation activation = Activation::kSilu;
  bool post_norms = false;     ///< norms behind attention and feed-forward network too, before they are added
  double embedding_scale = 1;  ///< hidden states begin with the embedding times this
  double attention_scale = 0;  ///< of scores; 0: 1 / sqrt(head_dim)
  double attention_cap = 0;    ///< scores s become cap * tanh(s / cap); 0: they stay
  double logit_cap = 0;        ///< the same of the logits
  bool tied = false;           ///< the head is the embedding
  std::int64_t padding_token =
      -1;  ///< its row of the embedding is never trained, as in Hugging Face's models; -1: none

  [[nodiscard]] std::int64_t q_size() const { return heads * head_dim; }
  [[nodiscard]] std::int64_t kv_size() const { return kv_heads * head_dim; }
  [[nodiscard]] std::int64_t rotary_size() const { return rotated > 0 ? rotated : head_dim; }
  [[nodiscard]] LayerKind kind(int layer) const {
    return kinds.empty() ? LayerKind{.is_windowed = sliding_window > 0} : kinds[static_cast<std::size_t>(layer)];
  }
};

/// Refuses sizes that cannot be: zero, negative, beyond what a model of this family has, heads that do not divide.
[[nodiscard]] Status check(const ModelConfig& config);

/// The frequencies of rotary positions, rotary_size() / 2 of them, and the factor on cosine and sine.
struct RopeFrequencies {
  std::vector<double> inverse;
  double attention_factor = 1;
};
[[nodiscard]] RopeFrequencies rope_frequencies(const ModelConfig& config, LayerRope rope = LayerRope::kGlobal);

}  // namespace fw::trainer

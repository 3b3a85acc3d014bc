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

/// The shape of a decoder of the Llama family: RMS norm, rotary positions, grouped-query attention, SwiGLU.
struct ModelConfig {
  std::string architecture;  ///< llama, mistral, qwen2 or qwen3
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
  std::int64_t sliding_window = 0;  ///< 0: every earlier token is seen
  bool tied = false;                ///< the head is the embedding
  std::int64_t padding_token =
      -1;  ///< its row of the embedding is never trained, as in Hugging Face's models; -1: none

  [[nodiscard]] std::int64_t q_size() const { return heads * head_dim; }
  [[nodiscard]] std::int64_t kv_size() const { return kv_heads * head_dim; }
};

/// Refuses sizes that cannot be: zero, negative, beyond what a model of this family has, heads that do not divide.
[[nodiscard]] Status check(const ModelConfig& config);

/// The frequencies of rotary positions, head_dim / 2 of them, and the factor on cosine and sine.
struct RopeFrequencies {
  std::vector<double> inverse;
  double attention_factor = 1;
};
[[nodiscard]] RopeFrequencies rope_frequencies(const ModelConfig& config);

}  // namespace fw::trainer

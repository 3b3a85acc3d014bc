#include "trainer/weights/model_config.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fw::trainer {
namespace {

struct Range {
  const char* name;
  std::int64_t value;
  std::int64_t most;
};

// Peng et al. 2023, "YaRN", as Hugging Face's _compute_yarn_parameters states it.
void apply_yarn(const ModelConfig& config, RopeFrequencies& out) {
  const auto& rope = config.rope;
  const double dim = static_cast<double>(config.rotary_size());
  const double original = rope.original_context > 0 ? rope.original_context : static_cast<double>(config.context);
  const auto dimension_of = [&](double rotations) {
    return dim * std::log(original / (rotations * 2 * std::numbers::pi)) / (2 * std::log(config.rope_theta));
  };
  double low = dimension_of(rope.beta_fast);
  double high = dimension_of(rope.beta_slow);
  if (rope.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, dim - 1);
  if (low == high) high += 0.001;
  for (std::size_t i = 0; i < out.inverse.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    out.inverse[i] = out.inverse[i] / rope.factor * ramp + out.inverse[i] * (1 - ramp);
  }
  const auto scale = [&](double m) { return rope.factor <= 1 ? 1.0 : 0.1 * m * std::log(rope.factor) + 1.0; };
  if (rope.attention_factor > 0) {
    out.attention_factor = rope.attention_factor;
  } else if (rope.mscale > 0 && rope.mscale_all_dim > 0) {
    out.attention_factor = scale(rope.mscale) / scale(rope.mscale_all_dim);
  } else {
    out.attention_factor = scale(1);
  }
}

void apply_llama3(const RopeScaling& rope, RopeFrequencies& out) {
  const double low_wavelength = rope.original_context / rope.low_freq_factor;
  const double high_wavelength = rope.original_context / rope.high_freq_factor;
  for (auto& frequency : out.inverse) {
    const double wavelength = 2 * std::numbers::pi / frequency;
    if (wavelength < high_wavelength) continue;
    if (wavelength > low_wavelength) {
      frequency /= rope.factor;
      continue;
    }
    const double smooth =
        (rope.original_context / wavelength - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor);
    frequency = (1 - smooth) * frequency / rope.factor + smooth * frequency;
  }
}

}  // namespace

Status check(const ModelConfig& config) {
  const Range ranges[] = {
      {"vocabulary size", config.vocab, 1 << 21},
      {"hidden size", config.hidden, 1 << 16},
      {"feed-forward size", config.feed_forward, 1 << 19},
      {"layer count", config.layers, 512},
      {"head count", config.heads, 1024},
      {"key and value head count", config.kv_heads, 1024},
      {"head size", config.head_dim, 1024},
      {"context length", config.context, 1 << 26},
  };
  for (const auto& range : ranges)
    if (range.value < 1 || range.value > range.most)
      return data_loss("the model's " + std::string(range.name) + " is " + std::to_string(range.value) + "; 1 to " +
                       std::to_string(range.most) + " can be");
  if (config.heads % config.kv_heads != 0)
    return data_loss("the model has " + std::to_string(config.heads) + " heads, no multiple of its " +
                     std::to_string(config.kv_heads) + " key and value heads");
  if (config.head_dim % 2 != 0)
    return data_loss("the model's head size " + std::to_string(config.head_dim) + " is odd");
  if (config.rotary_size() < 2 || config.rotary_size() > config.head_dim || config.rotary_size() % 2 != 0)
    return data_loss("the model rotates " + std::to_string(config.rotary_size()) + " of a head's " +
                     std::to_string(config.head_dim) + " elements");
  if (!config.kinds.empty() && config.kinds.size() != static_cast<std::size_t>(config.layers))
    return data_loss("the model describes the attention of " + std::to_string(config.kinds.size()) +
                     " layers and has " + std::to_string(config.layers));
  if (!(config.norm_eps > 0 && config.norm_eps < 1) || !(config.rope_theta > 0) || !(config.rope.factor > 0) ||
      !(config.rope.extra_attention_factor > 0) || !(config.local_rope_theta > 0))
    return data_loss("the model's norm epsilon, rope theta or rope factor is out of range");
  if (!(config.attention_scale >= 0) || !(config.attention_cap >= 0) || !(config.logit_cap >= 0) ||
      !std::isfinite(config.embedding_scale))
    return data_loss("the model's scale of attention or of the embedding, or a cap of its scores, is out of range");
  if (!config.rope.divisors.empty() &&
      config.rope.divisors.size() != static_cast<std::size_t>(config.rotary_size() / 2))
    return data_loss("the divisors of rotary frequencies (rope_freqs.weight) are not one for each of the " +
                     std::to_string(config.rotary_size() / 2) + " frequencies");
  if (config.rope.kind == RopeKind::kLlama3 && !(config.rope.original_context > 0))
    return data_loss("rope type llama3 lacks original_max_position_embeddings");
  return {};
}

RopeFrequencies rope_frequencies(const ModelConfig& config, LayerRope rope) {
  RopeFrequencies out;
  const double theta = rope == LayerRope::kLocal ? config.local_rope_theta : config.rope_theta;
  for (std::int64_t i = 0; i < config.rotary_size() / 2; ++i)
    out.inverse.push_back(
        rope == LayerRope::kNone
            ? 0.0
            : 1.0 / std::pow(theta, 2 * static_cast<double>(i) / static_cast<double>(config.rotary_size())));
  if (rope != LayerRope::kGlobal) return out;
  switch (config.rope.kind) {
    case RopeKind::kDefault: break;
    case RopeKind::kLinear:
      for (auto& frequency : out.inverse) frequency /= config.rope.factor;
      break;
    case RopeKind::kYarn: apply_yarn(config, out); break;
    case RopeKind::kLlama3: apply_llama3(config.rope, out); break;
  }
  out.attention_factor *= config.rope.extra_attention_factor;
  for (std::size_t i = 0; i < config.rope.divisors.size(); ++i) out.inverse[i] /= config.rope.divisors[i];
  return out;
}

}  // namespace fw::trainer

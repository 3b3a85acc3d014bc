#include "trainer/convert/model_keys.h"

#include <cmath>

#include "trainer/families/family.h"

namespace fw::trainer {
namespace {

using modelfile::GgufValue;

class Keys {
 public:
  Keys(const ModelConfig& config, modelfile::GgufHeader& header)
      : prefix_(config.architecture + "."), header_(header) {}

  void integer(const char* key, std::int64_t value) {
    header_.set(prefix_ + key, GgufValue::u32(static_cast<std::uint32_t>(value)));
  }
  void number(const char* key, double value) { header_.set(prefix_ + key, GgufValue::f32(static_cast<float>(value))); }
  void text(const char* key, const char* value) { header_.set(prefix_ + key, GgufValue::string(value)); }

 private:
  std::string prefix_;
  modelfile::GgufHeader& header_;
};

Error cannot_say(const std::string& what) {
  return unimplemented("config.json: " + what + ", which the engine has no way to be told; it would run another model");
}

Status write_rope(const ModelConfig& c, Keys& keys) {
  keys.number("rope.freq_base", c.rope_theta);
  keys.integer("rope.dimension_count", c.rotary_size());
  const auto& rope = c.rope;
  if (rope.kind == RopeKind::kLinear || rope.kind == RopeKind::kYarn) {
    keys.text("rope.scaling.type", rope.kind == RopeKind::kLinear ? "linear" : "yarn");
    keys.number("rope.scaling.factor", rope.factor);
  }
  if (rope.kind == RopeKind::kYarn) {
    if (rope.beta_fast != 32 || rope.beta_slow != 1 || !rope.truncate)
      return cannot_say("yarn has a beta_fast, beta_slow or truncate of its own");
    // What the engine derives from the factor, and what is asked for beside that.
    const double derived = rope.factor > 1 ? 0.1 * std::log(rope.factor) + 1 : 1;
    const double more = rope_frequencies(c).attention_factor / derived;
    if (std::abs(more - 1) > 1e-6) keys.number("rope.scaling.attn_factor", more);
  } else if (rope.extra_attention_factor != 1) {
    keys.number("rope.scaling.attn_factor", rope.extra_attention_factor);
  }
  if (rope.original_context > 0 && rope.kind != RopeKind::kLlama3)
    keys.integer("rope.scaling.original_context_length", static_cast<std::int64_t>(rope.original_context));
  return {};
}

}  // namespace

Status write_model_keys(const ModelConfig& c, modelfile::GgufHeader& header) {
  Keys keys(c, header);
  keys.integer("vocab_size", c.vocab);
  keys.integer("context_length", c.context);
  keys.integer("embedding_length", c.hidden);
  keys.integer("feed_forward_length", c.feed_forward);
  keys.integer("block_count", c.layers);
  keys.integer("attention.head_count", c.heads);
  keys.integer("attention.head_count_kv", c.kv_heads);
  keys.integer("attention.key_length", c.head_dim);
  keys.integer("attention.value_length", c.head_dim);
  keys.number("attention.layer_norm_rms_epsilon", c.norm_eps);
  FW_TRY(write_rope(c, keys));
  const auto& family = family_of(c);
  if (family.to_gguf != nullptr) FW_TRY(family.to_gguf(c, header));
  return {};
}

}  // namespace fw::trainer

#include "trainer/weights/gguf_names.h"

#include <array>
#include <cstring>
#include <utility>

#include "base/assert.h"

namespace fw::trainer {
namespace {

constexpr std::string_view kLayerPrefix = "model.layers.";

using Names = std::pair<std::string_view, std::string_view>;

constexpr std::array<Names, 13> kLayerParts{{
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.qkv_proj", "attn_qkv"},
    {"self_attn.o_proj", "attn_output"},
    {"self_attn.q_norm", "attn_q_norm"},
    {"self_attn.k_norm", "attn_k_norm"},
    {"mlp.gate_proj", "ffn_gate"},
    {"mlp.up_proj", "ffn_up"},
    {"mlp.gate_up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
    {"input_layernorm", "attn_norm"},
    {"post_attention_layernorm", "ffn_norm"},
}};

constexpr std::array<Names, 3> kPostNorms{{
    {"post_attention_layernorm", "post_attention_norm"},
    {"pre_feedforward_layernorm", "ffn_norm"},
    {"post_feedforward_layernorm", "post_ffw_norm"},
}};

template <bool kToHalves>
void reorder(std::span<const float> from, std::int64_t heads, std::int64_t width, std::span<float> to) {
  FW_ASSERT(from.size() == to.size());
  const auto rows = static_cast<std::int64_t>(from.size()) / width;
  const std::int64_t half = rows / heads / 2;
  FW_ASSERT(half * 2 * heads * width == static_cast<std::int64_t>(from.size()));
  for (std::int64_t head = 0; head < heads; ++head)
    for (std::int64_t i = 0; i < half; ++i)
      for (std::int64_t part = 0; part < 2; ++part) {
        const std::int64_t paired = head * 2 * half + 2 * i + part;
        const std::int64_t halved = head * 2 * half + part * half + i;
        const auto source = (kToHalves ? paired : halved) * width;
        const auto target = (kToHalves ? halved : paired) * width;
        std::memcpy(&to[static_cast<std::size_t>(target)], &from[static_cast<std::size_t>(source)],
                    static_cast<std::size_t>(width) * sizeof(float));
      }
}

}  // namespace

std::optional<std::string> gguf_name(const std::string& name, bool post_norms) {
  if (name == "model.embed_tokens.weight") return "token_embd.weight";
  if (name == "model.norm.weight") return "output_norm.weight";
  if (name == "lm_head.weight") return "output.weight";
  if (!name.starts_with(kLayerPrefix)) return std::nullopt;
  const auto number_end = name.find('.', kLayerPrefix.size());
  const auto kind = name.rfind('.');
  if (number_end == std::string::npos || kind <= number_end) return std::nullopt;
  const std::string_view part(name.data() + number_end + 1, kind - number_end - 1);
  const auto found = [&](std::string_view theirs) {
    return "blk." + name.substr(kLayerPrefix.size(), number_end - kLayerPrefix.size()) + "." + std::string(theirs) +
           name.substr(kind);
  };
  if (post_norms)
    for (const auto& [ours, theirs] : kPostNorms)
      if (part == ours) return found(theirs);
  for (const auto& [ours, theirs] : kLayerParts)
    if (part == ours) return found(theirs);
  return std::nullopt;
}

std::optional<JoinedRows> joined_rows(const std::string& name, const ModelConfig& c) {
  struct Part {
    std::string_view own;
    std::string_view joined;
    std::int64_t first;
    std::int64_t all;
  };
  const std::int64_t heads = c.q_size() + 2 * c.kv_size();
  const Part parts[] = {{"self_attn.q_proj", "self_attn.qkv_proj", 0, heads},
                        {"self_attn.k_proj", "self_attn.qkv_proj", c.q_size(), heads},
                        {"self_attn.v_proj", "self_attn.qkv_proj", c.q_size() + c.kv_size(), heads},
                        {"mlp.gate_proj", "mlp.gate_up_proj", 0, 2 * c.feed_forward},
                        {"mlp.up_proj", "mlp.gate_up_proj", c.feed_forward, 2 * c.feed_forward}};
  for (const Part& part : parts) {
    const auto at = name.find(part.own);
    if (at == std::string::npos) continue;
    std::string joined = name;
    return JoinedRows{joined.replace(at, part.own.size(), part.joined), part.first, part.all};
  }
  return std::nullopt;
}

void rows_to_halves(std::span<const float> pairs, std::int64_t heads, std::int64_t width, std::span<float> halves) {
  reorder<true>(pairs, heads, width, halves);
}

void rows_to_pairs(std::span<const float> halves, std::int64_t heads, std::int64_t width, std::span<float> pairs) {
  reorder<false>(halves, heads, width, pairs);
}

}  // namespace fw::trainer

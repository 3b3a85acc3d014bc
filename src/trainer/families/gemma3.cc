// Gemma 3, its language model: Gemma 2 with norms on the heads of q and k instead of capped scores; five layers in six
// have a window and positions of their own.
#include <cmath>

#include "trainer/families/gemma_parts.h"
#include "trainer/families/layer_kinds.h"
#include "trainer/weights/config_reader.h"
#include "trainer/weights/gguf_reader.h"

namespace fw::trainer {
namespace {

constexpr std::int64_t kPeriod = 6;
constexpr double kTheta = 1'000'000;
constexpr double kLocalTheta = 10'000;
// The engine tells the 27B model by its layers: its scores are scaled by another width than a head's.
constexpr std::int64_t kLayersOf27B = 62;

Status from_gguf(const GgufReader& file, const std::string& prefix, ModelConfig& config) {
  set_gemma_parts(config);
  config.post_norms = true;
  config.logit_cap = file.number(prefix + "final_logit_softcapping").value_or(0);
  config.local_rope_theta = file.number(prefix + "rope.freq_base_swa").value_or(kLocalTheta);
  if (config.layers == kLayersOf27B)
    config.attention_scale = 1 / std::sqrt(static_cast<double>(config.hidden / config.heads));
  if (config.sliding_window <= 0) return {};
  FW_ASSIGN(config.kinds, kinds_in_gguf(file, prefix, kPeriod, LayerRope::kLocal, config.layers));
  return {};
}

Status from_config(ConfigReader& json, ModelConfig& config) {
  FW_TRY(read_gemma_config(json, config));
  config.post_norms = true;
  config.sliding_window = json.integer("sliding_window", 4096);
  config.logit_cap = json.number("final_logit_softcapping", 0);
  config.attention_scale = 1 / std::sqrt(json.number("query_pre_attn_scalar", 256));
  config.local_rope_theta = json.number("rope_local_base_freq", kLocalTheta);
  if (const auto* ropes = json.object("rope_parameters")) {
    if (const auto local = ropes->find("sliding_attention"); local != ropes->end() && local->is_object())
      config.local_rope_theta = ConfigReader(*local).number("rope_theta", config.local_rope_theta);
  } else {
    config.rope_theta = json.number("rope_theta", kTheta);
  }
  FW_ASSIGN(config.kinds, kinds_of_layer_types(json.array("layer_types"), LayerRope::kLocal, config.layers));
  if (config.kinds.empty())
    config.kinds = every_nth_whole(json.integer("sliding_window_pattern", kPeriod), LayerRope::kLocal, config.layers);
  return json.status();
}

Status to_gguf(const ModelConfig& config, modelfile::GgufHeader& header) {
  using modelfile::GgufValue;
  if (config.kinds != every_nth_whole(kPeriod, LayerRope::kLocal, config.layers))
    return unimplemented("config.json: layer_types are not five windows and a whole, which is what the engine runs");
  FW_TRY(check_gemma_scale(config, kLayersOf27B));
  header.set("gemma3.attention.sliding_window", GgufValue::u32(static_cast<std::uint32_t>(config.sliding_window)));
  header.set("gemma3.rope.freq_base_swa", GgufValue::f32(static_cast<float>(config.local_rope_theta)));
  if (config.logit_cap > 0)
    header.set("gemma3.final_logit_softcapping", GgufValue::f32(static_cast<float>(config.logit_cap)));
  return {};
}

}  // namespace

Family gemma3() {
  return {.architecture = "gemma3",
          .model_types = {"gemma3_text", "gemma3"},
          .norm_offset = 1,
          .from_gguf = from_gguf,
          .from_config = from_config,
          .to_gguf = to_gguf};
}

}  // namespace fw::trainer

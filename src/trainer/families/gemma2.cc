// Gemma 2: norms on both sides of each part of a layer, capped scores and logits, a window in every other layer.
#include <cmath>

#include "trainer/families/gemma_parts.h"
#include "trainer/families/layer_kinds.h"
#include "trainer/weights/config_reader.h"
#include "trainer/weights/gguf_reader.h"

namespace fw::trainer {
namespace {

constexpr std::int64_t kPeriod = 2;
constexpr std::int64_t kWindow = 4096;
// The engine tells the 27B model by its layers: its scores are scaled by another width than a head's.
constexpr std::int64_t kLayersOf27B = 46;

Status from_gguf(const GgufReader& file, const std::string& prefix, ModelConfig& config) {
  set_gemma_parts(config);
  config.post_norms = true;
  config.tied = true;
  config.sliding_window = file.integer(prefix + "attention.sliding_window").value_or(kWindow);
  config.attention_cap = file.number(prefix + "attn_logit_softcapping").value_or(50);
  config.logit_cap = file.number(prefix + "final_logit_softcapping").value_or(30);
  if (config.layers == kLayersOf27B)
    config.attention_scale = 1 / std::sqrt(static_cast<double>(config.hidden / config.heads));
  FW_ASSIGN(config.kinds, kinds_in_gguf(file, prefix, kPeriod, LayerRope::kGlobal, config.layers));
  return {};
}

Status from_config(ConfigReader& json, ModelConfig& config) {
  FW_TRY(read_gemma_config(json, config));
  config.post_norms = true;
  config.sliding_window = json.integer("sliding_window", kWindow);
  config.attention_cap = json.number("attn_logit_softcapping", 0);
  config.logit_cap = json.number("final_logit_softcapping", 0);
  config.attention_scale = 1 / std::sqrt(json.number("query_pre_attn_scalar", 256));
  FW_ASSIGN(config.kinds, kinds_of_layer_types(json.array("layer_types"), LayerRope::kGlobal, config.layers));
  if (config.kinds.empty()) config.kinds = every_nth_whole(kPeriod, LayerRope::kGlobal, config.layers);
  return json.status();
}

Status to_gguf(const ModelConfig& config, modelfile::GgufHeader& header) {
  using modelfile::GgufValue;
  if (config.kinds != every_nth_whole(kPeriod, LayerRope::kGlobal, config.layers))
    return unimplemented("config.json: layer_types are not every other one's, which is what the engine runs");
  FW_TRY(check_gemma_scale(config, kLayersOf27B));
  header.set("gemma2.attention.sliding_window", GgufValue::u32(static_cast<std::uint32_t>(config.sliding_window)));
  header.set("gemma2.attn_logit_softcapping", GgufValue::f32(static_cast<float>(config.attention_cap)));
  header.set("gemma2.final_logit_softcapping", GgufValue::f32(static_cast<float>(config.logit_cap)));
  return {};
}

}  // namespace

Family gemma2() {
  return {.architecture = "gemma2",
          .model_types = {"gemma2"},
          .norm_offset = 1,
          .from_gguf = from_gguf,
          .from_config = from_config,
          .to_gguf = to_gguf};
}

}  // namespace fw::trainer

// Gemma 1: GELU, an embedding that is scaled by the root of its width and is the head too.
#include <cmath>

#include "trainer/families/gemma_parts.h"
#include "trainer/weights/config_reader.h"

namespace fw::trainer {

void set_gemma_parts(ModelConfig& config) {
  config.activation = Activation::kGelu;
  config.embedding_scale = std::sqrt(static_cast<double>(config.hidden));
}

Status read_gemma_config(ConfigReader& json, ModelConfig& config) {
  set_gemma_parts(config);
  config.tied = json.boolean("tie_word_embeddings", true);
  config.head_dim = json.integer("head_dim", 256);
  const auto activation = json.text("hidden_activation", json.text("hidden_act", "gelu_pytorch_tanh"));
  if (activation != "gelu_pytorch_tanh" && activation != "gelu")
    return unimplemented("config.json: activation " + activation + " is not supported with " + config.architecture);
  return json.status();
}

Status check_gemma_scale(const ModelConfig& config, std::int64_t layers_of_27b) {
  const auto width = config.layers == layers_of_27b ? config.hidden / config.heads : config.head_dim;
  if (std::abs(config.attention_scale * std::sqrt(static_cast<double>(width)) - 1) < 1e-6) return {};
  return unimplemented("config.json: query_pre_attn_scalar is another than the engine takes, " + std::to_string(width));
}

Family gemma() {
  return {.architecture = "gemma",
          .model_types = {"gemma"},
          .norm_offset = 1,
          .from_gguf = [](const GgufReader&, const std::string&, ModelConfig& config) -> Status {
            set_gemma_parts(config);
            return {};
          },
          .from_config = read_gemma_config};
}

}  // namespace fw::trainer

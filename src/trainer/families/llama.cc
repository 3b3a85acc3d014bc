// Llama 2 and 3.x, SmolLM 1 and 2, Mistral and whatever else shares their architecture. GGUF knows Mistral as llama,
// without its window: what is trained out of such a file is what is served.
#include "trainer/families/family.h"
#include "trainer/weights/config_reader.h"

namespace fw::trainer {
namespace {

Status from_config(ConfigReader& json, ModelConfig& config) {
  if (json.text("model_type", "") == "mistral") config.sliding_window = json.integer("sliding_window", 0);
  return json.status();
}

// GGUF's llama has no window: within its length nothing is hidden, and the context ends there.
Status to_gguf(const ModelConfig& config, modelfile::GgufHeader& header) {
  if (config.sliding_window > 0 && config.sliding_window < config.context)
    header.set("llama.context_length", modelfile::GgufValue::u32(static_cast<std::uint32_t>(config.sliding_window)));
  return {};
}

}  // namespace

Family llama() {
  return {.architecture = "llama",
          .model_types = {"llama", "mistral"},
          .rows_in_pairs = true,
          .from_config = from_config,
          .to_gguf = to_gguf};
}

}  // namespace fw::trainer

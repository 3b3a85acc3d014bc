// SmolLM 3: Llama without rotary positions in every fourth layer.
#include <algorithm>

#include "trainer/families/family.h"
#include "trainer/weights/config_reader.h"

namespace fw::trainer {
namespace {

// GGUF files do not say it: the engine knows it of the architecture.
constexpr std::int64_t kStillEvery = 4;

std::vector<LayerKind> every_nth_still(std::int64_t period, std::int64_t layers) {
  std::vector<LayerKind> kinds;
  for (std::int64_t layer = 0; layer < layers; ++layer)
    kinds.push_back({.rope = (layer + 1) % period == 0 ? LayerRope::kNone : LayerRope::kGlobal});
  return kinds;
}

Status from_gguf(const GgufReader&, const std::string&, ModelConfig& config) {
  config.kinds = every_nth_still(kStillEvery, config.layers);
  return {};
}

Status from_config(ConfigReader& json, ModelConfig& config) {
  if (json.boolean("use_sliding_window", false))
    return unimplemented("config.json: smollm3 with use_sliding_window is not supported");
  const std::int64_t period = json.integer("no_rope_layer_interval", kStillEvery);
  if (period < 1) return data_loss("config.json: no_rope_layer_interval is below 1");
  config.kinds = every_nth_still(period, config.layers);
  const auto rotates = json.array("no_rope_layers");  // 1 where there are positions, its name notwithstanding
  for (std::size_t layer = 0; layer < std::min(rotates.size(), config.kinds.size()); ++layer)
    config.kinds[layer].rope = rotates[layer] == 1 ? LayerRope::kGlobal : LayerRope::kNone;
  return json.status();
}

Status to_gguf(const ModelConfig& config, modelfile::GgufHeader&) {
  if (config.kinds == every_nth_still(kStillEvery, config.layers)) return {};
  return unimplemented("config.json: no_rope_layers are not every fourth, which is what the engine runs");
}

}  // namespace

Family smollm3() {
  return {.architecture = "smollm3",
          .model_types = {"smollm3"},
          .rows_in_pairs = true,
          .from_gguf = from_gguf,
          .from_config = from_config,
          .to_gguf = to_gguf};
}

}  // namespace fw::trainer

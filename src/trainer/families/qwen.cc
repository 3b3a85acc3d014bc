#include "trainer/families/qwen.h"

#include <algorithm>

#include "trainer/families/layer_kinds.h"
#include "trainer/weights/config_reader.h"

namespace fw::trainer {
namespace {

// What Hugging Face's configurations mean when they name no max_window_layers.
constexpr std::int64_t kWholeLayers = 28;

}  // namespace

Status read_qwen_window(ConfigReader& json, ModelConfig& config) {
  if (!json.boolean("use_sliding_window", false)) return {};
  const std::int64_t window = json.integer("sliding_window", 0);
  const std::int64_t whole = json.integer("max_window_layers", kWholeLayers);
  const auto kinds = kinds_of_layer_types(json.array("layer_types"), LayerRope::kGlobal, config.layers);
  FW_TRY(json.status());
  if (!kinds.ok()) return kinds.error();
  if (window <= 0) return {};
  config.sliding_window = window;
  config.kinds = *kinds;
  if (config.kinds.empty())
    for (std::int64_t layer = 0; layer < config.layers; ++layer)
      config.kinds.push_back({.is_windowed = layer >= whole});
  const auto windowed = [](const LayerKind& kind) { return kind.is_windowed; };
  if (std::ranges::none_of(config.kinds, windowed)) config.sliding_window = 0;
  if (config.sliding_window == 0 || std::ranges::all_of(config.kinds, windowed)) config.kinds.clear();
  return {};
}

Status write_qwen_context(const ModelConfig& config, modelfile::GgufHeader& header) {
  if (config.sliding_window > 0 && config.sliding_window < config.context)
    header.set(config.architecture + ".context_length",
               modelfile::GgufValue::u32(static_cast<std::uint32_t>(config.sliding_window)));
  return {};
}

}  // namespace fw::trainer

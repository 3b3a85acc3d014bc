#include "trainer/families/layer_kinds.h"

#include "trainer/weights/gguf_reader.h"

namespace fw::trainer {
namespace {

LayerKind kind_of(bool is_windowed, LayerRope windowed) {
  return {.is_windowed = is_windowed, .rope = is_windowed ? windowed : LayerRope::kGlobal};
}

}  // namespace

Result<std::vector<LayerKind>> kinds_of_layer_types(const std::vector<nlohmann::json>& types, LayerRope windowed,
                                                    std::int64_t layers) {
  std::vector<LayerKind> kinds;
  for (const auto& type : types) {
    if (type != "full_attention" && type != "sliding_attention")
      return unimplemented("config.json: layer type " + type.dump() +
                           " is not supported; full_attention and sliding_attention are");
    kinds.push_back(kind_of(type == "sliding_attention", windowed));
  }
  if (!kinds.empty() && kinds.size() != static_cast<std::size_t>(layers))
    return data_loss("config.json: layer_types names " + std::to_string(kinds.size()) + " layers of " +
                     std::to_string(layers));
  return kinds;
}

std::vector<LayerKind> every_nth_whole(std::int64_t period, LayerRope windowed, std::int64_t layers) {
  std::vector<LayerKind> kinds;
  for (std::int64_t layer = 0; layer < layers; ++layer)
    kinds.push_back(kind_of(period == 0 || layer % period < period - 1, windowed));
  return kinds;
}

Result<std::vector<LayerKind>> kinds_in_gguf(const GgufReader& file, const std::string& prefix, std::int64_t period,
                                             LayerRope windowed, std::int64_t layers) {
  const std::string key = prefix + "attention.sliding_window_pattern";
  if (const auto each = file.integers(key); !each.empty()) {
    if (each.size() < static_cast<std::size_t>(layers)) return data_loss(key + " has fewer elements than layers");
    std::vector<LayerKind> kinds;
    for (std::int64_t layer = 0; layer < layers; ++layer)
      kinds.push_back(kind_of(each[static_cast<std::size_t>(layer)] != 0, windowed));
    return kinds;
  }
  const std::int64_t own = file.integer(key).value_or(period);
  if (own < 0) return data_loss(key + " is negative");
  return every_nth_whole(own, windowed, layers);
}

}  // namespace fw::trainer

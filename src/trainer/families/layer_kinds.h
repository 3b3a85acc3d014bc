#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/result.h"
#include "trainer/weights/model_config.h"

namespace fw::trainer {

class GgufReader;

/// config.json's layer_types, "full_attention" or "sliding_attention" each; a windowed layer's positions are
/// `windowed`. Empty stays empty.
[[nodiscard]] Result<std::vector<LayerKind>> kinds_of_layer_types(const std::vector<nlohmann::json>& types,
                                                                  LayerRope windowed, std::int64_t layers);
/// Every `period`-th layer sees everything, those between have a window, as llama.cpp counts them; 1: all see
/// everything.
[[nodiscard]] std::vector<LayerKind> every_nth_whole(std::int64_t period, LayerRope windowed, std::int64_t layers);
/// The same of a GGUF file, whose key attention.sliding_window_pattern may give another period, or each layer's kind.
[[nodiscard]] Result<std::vector<LayerKind>> kinds_in_gguf(const GgufReader& file, const std::string& prefix,
                                                           std::int64_t period, LayerRope windowed,
                                                           std::int64_t layers);

}  // namespace fw::trainer

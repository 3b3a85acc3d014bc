#pragma once

#include "trainer/families/family.h"

namespace fw::trainer {

/// What all of Gemma have in common.
void set_gemma_parts(ModelConfig& config);
[[nodiscard]] Status read_gemma_config(ConfigReader& json, ModelConfig& config);
/// Refuses a scale of attention that the engine would not take: it knows two rules, and which by the number of layers.
[[nodiscard]] Status check_gemma_scale(const ModelConfig& config, std::int64_t layers_of_27b);

}  // namespace fw::trainer

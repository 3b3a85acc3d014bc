#pragma once

#include "trainer/families/family.h"

namespace fw::trainer {

/// The window of config.json and which layers have it, as Qwen's configurations say it.
[[nodiscard]] Status read_qwen_window(ConfigReader& json, ModelConfig& config);
/// The engine runs Qwen without a window: a context no longer than it hides nothing.
[[nodiscard]] Status write_qwen_context(const ModelConfig& config, modelfile::GgufHeader& header);

}  // namespace fw::trainer

#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "modelfile/safetensors.h"
#include "trainer/weights/model_config.h"

namespace fw::trainer {

/// config.json of a Hugging Face folder; errors name the folder.
[[nodiscard]] Result<ModelConfig> read_hugging_face_config(const std::filesystem::path& folder);
/// Its weights: model.safetensors, or the shards that model.safetensors.index.json names.
[[nodiscard]] Result<std::vector<modelfile::SafetensorsFile>> open_safetensors_of(const std::filesystem::path& folder);

}  // namespace fw::trainer

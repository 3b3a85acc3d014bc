#pragma once

#include <filesystem>

#include "base/result.h"
#include "modelfile/summary.h"

namespace fw::modelfile {

/// A model as Hugging Face's tools keep it: a folder with config.json and its weights in *.safetensors files; or an
/// adapter in PEFT's form, with adapter_config.json. kNotFound when it is neither, kDataLoss for a damaged file.
/// Blocks.
[[nodiscard]] Result<ModelSummary> inspect_folder(const std::filesystem::path& folder);

}  // namespace fw::modelfile

#pragma once

#include <filesystem>

#include "trainer/model/model.h"

namespace fw::trainer {

/// Writes a model of architecture llama as a Hugging Face folder, fp32, with a tokenizer of single bytes.
void write_folder(const ModelWeights& weights, const std::filesystem::path& folder);

}  // namespace fw::trainer

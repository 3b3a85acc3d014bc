#pragma once

#include <filesystem>
#include <functional>

#include "ggml.h"
#include "gguf.h"
#include "trainer/model/model.h"

namespace fw::trainer {

/// Writes a decoder as a GGUF file of architecture llama, matrices in `type`. `edit` may change keys before writing.
void write_gguf_model(const ModelWeights& weights, const std::filesystem::path& file, ggml_type type = GGML_TYPE_F32,
                      const std::function<void(gguf_context*)>& edit = {});

}  // namespace fw::trainer

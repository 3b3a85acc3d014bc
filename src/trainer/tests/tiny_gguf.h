#pragma once

#include <filesystem>
#include <functional>

#include "ggml.h"
#include "gguf.h"
#include "trainer/model/model.h"

namespace fw::trainer {

/// Writes the same as several files of at most `tensors` tensors each, as llama.cpp's gguf-split does; the first one's
/// name. `stem`: path without `-00001-of-00003.gguf`.
std::filesystem::path split_gguf_model(const std::filesystem::path& file, const std::filesystem::path& stem,
                                       std::size_t tensors);

/// Writes a decoder as a GGUF file of architecture llama, matrices in `type`. `edit` may change keys before writing.
void write_gguf_model(const ModelWeights& weights, const std::filesystem::path& file, ggml_type type = GGML_TYPE_F32,
                      const std::function<void(gguf_context*)>& edit = {});

}  // namespace fw::trainer

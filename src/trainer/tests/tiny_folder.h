#pragma once

#include <cstdint>
#include <filesystem>

#include "trainer/model/model.h"

namespace fw::trainer {

/// A tokenizer of single bytes and of two that merge: tokenizer.json and tokenizer_config.json with `<1>` as the token
/// that begins texts.
void write_byte_tokenizer(std::int64_t size, const std::filesystem::path& folder);

/// Writes a model of architecture llama as a Hugging Face folder, fp32, with a tokenizer of single bytes.
void write_folder(const ModelWeights& weights, const std::filesystem::path& folder);

}  // namespace fw::trainer

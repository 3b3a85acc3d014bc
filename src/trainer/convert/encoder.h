#pragma once

#include <filesystem>

#include "trainer/convert/convert.h"

namespace fw::trainer {

/// Whether a folder's config.json is that of a BERT encoder, which gives vectors of texts and is not trained here.
[[nodiscard]] bool is_encoder_folder(const std::filesystem::path& folder);

/// convert_to_gguf of such a folder: config.json, *.safetensors, tokenizer, and sentence-transformers' pooling.
/// Matrices keep their type, what is added to others becomes fp32; the parts of training (pooler, heads) are left out.
[[nodiscard]] Status convert_encoder(const std::filesystem::path& folder, const std::filesystem::path& out,
                                     const OnConverted& on_converted);
/// check_convertible of it.
[[nodiscard]] Status check_encoder(const std::filesystem::path& folder);

}  // namespace fw::trainer

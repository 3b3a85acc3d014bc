#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"
#include "modelfile/gguf.h"

namespace fw::trainer {

/// Writes the keys `tokenizer.*` of a BERT's WordPiece vocabulary, out of tokenizer.json, or vocab.txt and
/// tokenizer_config.json: a token that begins a word bears U+2581 before it, one that continues a word has lost its ##.
/// `size`: of the model's vocabulary. kUnimplemented for one that llama.cpp would cut otherwise than the folder says.
[[nodiscard]] Status write_wordpiece(const std::filesystem::path& folder, std::int64_t size,
                                     modelfile::GgufHeader& header);

}  // namespace fw::trainer

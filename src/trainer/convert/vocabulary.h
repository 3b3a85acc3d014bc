#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "modelfile/gguf.h"

namespace fw::trainer {

/// Types of tokens; the numbers are GGUF's.
enum class TokenType : std::int32_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6
};

/// A tokenizer as llama.cpp takes it out of a GGUF file.
struct Vocabulary {
  std::string model;  ///< gpt2: byte-level pairs; llama: SentencePiece
  std::string pre;    ///< how text is cut before pairs are merged: llama-bpe, qwen2, ..
  std::vector<std::string> tokens;
  std::vector<TokenType> types;
  std::vector<float> scores;                    ///< llama's
  std::vector<std::string> merges;              ///< gpt2's
  std::map<std::string, std::int64_t> special;  ///< by GGUF's name: bos, eos, unknown, padding
  std::optional<bool> add_bos, add_eos, add_space_prefix;
  std::string chat_template;  ///< empty: none
};

/// Out of a Hugging Face folder: tokenizer.json with byte-level pairs, tokenizer.model (SentencePiece), or
/// tokenizer.json with pairs and a fallback to bytes; beside them tokenizer_config.json, generation_config.json,
/// chat_template.jinja. `size`: of the model's vocabulary; ids without a token are unused. kUnimplemented for a
/// tokenizer that llama.cpp would cut otherwise than the folder says.
[[nodiscard]] Result<Vocabulary> read_vocabulary(const std::filesystem::path& folder, std::int64_t size);

/// The keys `tokenizer.*`.
void write_vocabulary(const Vocabulary& vocabulary, modelfile::GgufHeader& header);

}  // namespace fw::trainer

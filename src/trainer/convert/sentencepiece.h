#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fw::trainer {

/// One entry of a SentencePiece model. Its types are numbered as GGUF's are.
struct Piece {
  std::string text;
  float score = 0;
  std::int32_t type = 1;
};

/// The pieces of a tokenizer.model: SentencePiece's ModelProto, field 1, repeated {1: piece, 2: score, 3: type}. Any
/// bytes are safe; kDataLoss for what is none.
[[nodiscard]] Result<std::vector<Piece>> parse_sentencepiece(std::string_view bytes);

}  // namespace fw::trainer

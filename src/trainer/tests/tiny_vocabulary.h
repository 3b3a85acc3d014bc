#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "trainer/packing/token_tree.h"

namespace fw::trainer {

/// A GGUF file with a SentencePiece vocabulary and a chat template, and nothing else: <unk>, <s>, </s>, every byte, a
/// space, and the words of `words`, each with and without a space before it.
void write_vocabulary(const std::filesystem::path& file, const std::string& chat_template,
                      const std::vector<std::string>& words = {});

/// What tokens of such a vocabulary spell; control tokens by their names, a word's leading space as `_`.
std::string spelled(const std::vector<Token>& tokens, const std::vector<std::string>& words = {});

}  // namespace fw::trainer

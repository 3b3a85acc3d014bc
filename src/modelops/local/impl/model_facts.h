#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace fw::modelops {

/// What serving and training want to know about a model file before they touch it.
struct ModelFacts {
  std::string architecture;
  std::string chat_template;    ///< empty: the file has none
  std::string pooling;          ///< how it makes one vector of a text's tokens: `mean`; empty: the file says none
  bool has_chatml_end = false;  ///< its vocabulary has <|im_end|>, which the engine then takes for the end of a turn
  std::string file_type;        ///< type of most of its weights: `Q4_1`
  std::uint64_t parameters = 0;
  std::int64_t layers = 0;
  std::int64_t context_length = 0;          ///< what it was trained for; 0: unknown
  std::uint64_t cache_bytes_per_token = 0;  ///< of the attention cache in 16 bits; 0: unknown
  std::uint64_t bytes = 0;                  ///< of all files
  std::vector<std::filesystem::path> files;
};

/// Out of the header of a GGUF model, of all its files. kUnimplemented for a Hugging Face folder, with the remedy.
[[nodiscard]] Result<ModelFacts> read_model_facts(const std::filesystem::path& model);

}  // namespace fw::modelops

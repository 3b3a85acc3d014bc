#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace fw::modelops {

/// What serving and training want to know about a model file before they touch it.
struct ModelFacts {
  std::string architecture;
  std::string chat_template;  ///< empty: the file has none
  std::string file_type;      ///< type of most of its weights: `Q4_1`
  std::uint64_t parameters = 0;
  std::int64_t layers = 0;
  std::int64_t context_length = 0;          ///< what it was trained for; 0: unknown
  std::uint64_t cache_bytes_per_token = 0;  ///< of the attention cache in 16 bits; 0: unknown
  std::uint64_t bytes = 0;
};

/// Out of a GGUF file's header. kUnimplemented for a Hugging Face folder, with the remedy.
[[nodiscard]] Result<ModelFacts> read_model_facts(const std::filesystem::path& model);

}  // namespace fw::modelops

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/result.h"

namespace fw::trainer {

/// The file that says how an embedding model makes one vector of a text's tokens: the one that modules.json
/// (sentence-transformers) names, else 1_Pooling/config.json. It need not be there.
[[nodiscard]] std::filesystem::path pooling_config_of(const std::filesystem::path& folder);

/// GGUF's number for it: 1 mean, 2 the first token, 3 the last; nothing where the folder says none. kUnimplemented for
/// another way, or for layers that follow it.
[[nodiscard]] Result<std::optional<std::uint32_t>> read_pooling(const std::filesystem::path& folder);

}  // namespace fw::trainer

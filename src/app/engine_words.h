#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace fw::app {

/// What the engine of a promoted model wrote last, a line each (docs/formats/promotion.md). Both block.
[[nodiscard]] Status write_engine_words(const std::filesystem::path& file, const std::vector<std::string>& lines);
/// None where there is no such file.
[[nodiscard]] std::vector<std::string> read_engine_words(const std::filesystem::path& file);

}  // namespace fw::app

#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace fw::io {

/// All of the bytes, however many calls it takes; `path` is what an error names.
[[nodiscard]] Status write_all(int fd, std::string_view bytes, const std::filesystem::path& path);

}  // namespace fw::io

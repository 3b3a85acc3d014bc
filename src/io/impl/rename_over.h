#pragma once

#include <filesystem>

#include "base/result.h"

namespace fw::io {

/// Gives `part` the name `path`, replacing a file or link of that name; never a device, a pipe or a socket.
[[nodiscard]] Status rename_over(const std::filesystem::path& part, const std::filesystem::path& path);

}  // namespace fw::io

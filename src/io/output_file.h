#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace fw::io {

/// Files that a user names for a result. A plain file holds all of it afterwards or is as it was; a symbolic link stays
/// and what it leads to is written so; a pipe, a terminal or a device such as /dev/null is written as it stands and
/// never replaced. Folders, sockets and disks are refused.

/// Whether write_output_file() may succeed: the folder is there and lets us write, the file is of a kind that can be
/// written. Leaves nothing behind; what only a device knows (/dev/full) is found by writing.
[[nodiscard]] Status check_output_file(const std::filesystem::path& path);

[[nodiscard]] Status write_output_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace fw::io

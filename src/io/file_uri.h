#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace fw::io {

inline constexpr std::string_view kFileScheme = "file://";

/// How datasets and adapters name a file or folder of this machine to other programs: `file:///data/x`. The path stands
/// in it as it is, without percent-encoding.
[[nodiscard]] inline std::string file_uri(const std::filesystem::path& path) {
  return std::string(kFileScheme) + path.string();
}

/// The path that a `file://` address names; nothing of any other address.
[[nodiscard]] inline std::optional<std::filesystem::path> path_of_file_uri(std::string_view uri) {
  if (!uri.starts_with(kFileScheme)) return std::nullopt;
  return std::filesystem::path(uri.substr(kFileScheme.size()));
}

}  // namespace fw::io

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace fw::capture {

inline constexpr std::size_t kMaxFolderFiles = 10'000;
inline constexpr int kMaxFolderDepth = 16;

/// What a path names: itself, unless it is a folder; then all regular files below it, by name, without hidden ones and
/// without folders that are links.
struct NamedFiles {
  std::vector<std::string> files;
  std::vector<std::string> documentation;  ///< of a folder: README, LICENSE and the like, *.md, *.rst: not to be read
};

/// kInvalidArgument for a folder without files or beyond the bounds above, or the system's error; each names the path.
[[nodiscard]] Result<NamedFiles> files_of(const std::string& path);

}  // namespace fw::capture

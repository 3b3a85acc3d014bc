#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fw::io {

/// The whole file. kNotFound, or kTooLarge above `limit` bytes.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t limit = UINT64_MAX);

/// The file holds `bytes` afterwards or is as it was before: written beside, synced, renamed, folder synced. A crash or
/// a full disk never leaves half a file under this name.
[[nodiscard]] Status write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// Gives a finished file its name: synced, renamed over what is there, folder synced. For files that other programs
/// wrote or that are too large to hold; `part` lies on the same file system.
[[nodiscard]] Status commit_file(const std::filesystem::path& part, const std::filesystem::path& path);

/// Makes a rename or a new file in `folder` durable.
[[nodiscard]] Status sync_folder(const std::filesystem::path& folder);

/// Creates the folder and its parents; success if it exists.
[[nodiscard]] Status create_folders(const std::filesystem::path& folder);

/// A new empty folder below the system's temporary folder, removed with all it holds when the object goes.
class TemporaryFolder final {
 public:
  explicit TemporaryFolder(std::string_view prefix = "flywheel");
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace fw::io

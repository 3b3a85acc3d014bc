#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "io/atomic_file.h"

namespace fw::io {

/// Files that a user names for a result. A plain file holds all of it afterwards or is as it was; a symbolic link stays
/// and what it leads to is written so; a pipe, a terminal or a device such as /dev/null is written as it stands and
/// never replaced. Folders, sockets and disks are refused.

/// Such a file, written in pieces. Destroyed without commit(), a plain file is as it was; a pipe or device has what was
/// appended.
class OutputFile final {
 public:
  [[nodiscard]] static Result<OutputFile> create(const std::filesystem::path& path);
  ~OutputFile();
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;

  [[nodiscard]] Status append(std::string_view bytes);
  /// All that was appended is there, or the error says why not. The object is spent.
  [[nodiscard]] Status commit();

 private:
  OutputFile(std::filesystem::path path, std::optional<AtomicFile> file, int fd)
      : path_(std::move(path)), file_(std::move(file)), fd_(fd) {}

  std::filesystem::path path_;
  std::optional<AtomicFile> file_;  ///< of a plain file; others are open as fd_
  int fd_;
};

/// Whether write_output_file() may succeed: the folder is there and lets us write, the file is of a kind that can be
/// written. Leaves nothing behind; what only a device knows (/dev/full) is found by writing.
[[nodiscard]] Status check_output_file(const std::filesystem::path& path);

[[nodiscard]] Status write_output_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace fw::io

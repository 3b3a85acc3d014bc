#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace fw::io {

/// A file of lines that only grows. A write that fails or is cut short leaves nothing behind it: the file ends where it
/// did, so no half line lies before later ones. Not thread-safe; one process at a time.
class AppendFile final {
 public:
  /// Opens or creates it; what follows the last line end is a write that a crash tore, and is cut off.
  [[nodiscard]] static Result<AppendFile> open(const std::filesystem::path& path);
  ~AppendFile();
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Bytes that open() cut off.
  [[nodiscard]] std::uint64_t torn() const { return torn_; }
  /// That what lies at its path is this file, as long as it was left; kUnavailable: somebody moved, removed, replaced
  /// or changed it, and what is appended nobody may find.
  [[nodiscard]] Status check_in_place() const;
  /// Whole lines, each with its end. Durable on return.
  [[nodiscard]] Status append(std::string_view lines);

 private:
  AppendFile(std::filesystem::path path, int fd, std::uint64_t size) : path_(std::move(path)), fd_(fd), size_(size) {}
  [[nodiscard]] Status cut_torn_line();
  [[nodiscard]] Error taken_back(std::string_view what);

  std::filesystem::path path_;
  int fd_;
  std::uint64_t size_;
  std::uint64_t torn_ = 0;
};

}  // namespace fw::io

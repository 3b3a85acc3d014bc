#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "base/result.h"

namespace fw::io {

/// A file that is read at any place, for files too large to hold. Thread-safe. Its size is that at opening.
class InputFile final {
 public:
  /// kNotFound, or kInvalidArgument for what is no regular file; never waits.
  [[nodiscard]] static Result<InputFile> open(const std::filesystem::path& path);
  ~InputFile();
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Fills `out` from `offset` on; kDataLoss when the file ends before that.
  [[nodiscard]] Status read_at(std::uint64_t offset, std::span<char> out) const;

 private:
  InputFile(std::filesystem::path path, int fd, std::uint64_t size) : path_(std::move(path)), fd_(fd), size_(size) {}

  std::filesystem::path path_;
  int fd_;
  std::uint64_t size_;
};

}  // namespace fw::io

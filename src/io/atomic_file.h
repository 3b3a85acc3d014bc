#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace fw::io {

/// A file written in pieces that gets its name only when it is whole: written beside, synced, renamed. Destroyed
/// without commit(), it leaves nothing. For content that fits memory there is write_file_atomically.
class AtomicFile final {
 public:
  [[nodiscard]] static Result<AtomicFile> create(const std::filesystem::path& path);
  ~AtomicFile();
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;

  [[nodiscard]] Status append(std::string_view bytes);
  /// Durable under its name afterwards, replacing what was there. The object is spent.
  [[nodiscard]] Status commit();

 private:
  AtomicFile(std::filesystem::path path, std::filesystem::path part, int fd)
      : path_(std::move(path)), part_(std::move(part)), fd_(fd) {}

  std::filesystem::path path_;
  std::filesystem::path part_;
  int fd_;
};

}  // namespace fw::io

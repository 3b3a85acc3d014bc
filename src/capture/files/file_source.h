#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "async/deadline.h"
#include "codec/byte_source.h"

namespace fw::capture {

/// The bytes of a file, a pipe or standard input. A read ends with the deadline's error once that is over, also while a
/// pipe is silent. Not thread-safe.
class FileSource final : public codec::ByteSource {
 public:
  /// `-` is standard input. Reads from `offset` on (files only). kNotFound, kInvalidArgument for a folder, or the
  /// system's error; each names the path.
  [[nodiscard]] static Result<std::unique_ptr<FileSource>> open(const std::string& path, Deadline deadline,
                                                                std::uint64_t offset = 0);
  ~FileSource() override;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  [[nodiscard]] Result<std::size_t> read(std::span<char> into) override;

  /// Absent for pipes and standard input.
  [[nodiscard]] std::optional<std::uint64_t> size() const { return size_; }
  [[nodiscard]] std::uint64_t position() const { return position_; }

 private:
  FileSource(std::string path, int fd, Deadline deadline)
      : path_(std::move(path)), fd_(fd), deadline_(std::move(deadline)) {}
  [[nodiscard]] Status prepare(std::uint64_t offset);
  [[nodiscard]] Status wait_for_bytes() const;

  std::string path_;
  int fd_;
  Deadline deadline_;
  std::optional<std::uint64_t> size_;
  std::uint64_t position_ = 0;
};

}  // namespace fw::capture

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include "base/hash.h"
#include "base/result.h"
#include "io/input_file.h"

namespace fw::io {

/// A file's bytes, block by block. kDataLoss when it cannot be read to its end.
[[nodiscard]] Status add_bytes(Sha256& hash, const InputFile& file);

/// SHA-256 of a file's bytes, as hex. kNotFound, kDataLoss when it cannot be read to its end.
[[nodiscard]] Result<std::string> digest_of_file(const std::filesystem::path& path);

/// digest_of_file() that reads a large file once, until it changes: it is known by device, inode, size and times of
/// change, of which the kernel sets one (ctime) itself. Small files are read each time, for those times are coarse.
/// Thread-safe.
class FileDigests {
 public:
  static constexpr std::uint64_t kLarge = 64 << 20;  ///< bytes

  explicit FileDigests(std::uint64_t large = kLarge) : large_(large) {}
  [[nodiscard]] Result<std::string> of(const std::filesystem::path& path);

 private:
  std::uint64_t large_;
  std::mutex mutex_;
  std::map<std::string, std::string> known_;  ///< by path and state
};

}  // namespace fw::io

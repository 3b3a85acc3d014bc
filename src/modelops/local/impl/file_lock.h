#pragma once

#include <filesystem>
#include <utility>

#include "async/task.h"

namespace fw::modelops {

/// Holds an exclusive lock on a file (flock) against other holders in this and other processes; the system lets go of
/// it when a process dies. The file itself stays.
class FileLock final {
 public:
  /// Waits, looking again every 100 ms.
  [[nodiscard]] static Task<Result<FileLock>> acquire(std::filesystem::path path, Deadline deadline);

  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace fw::modelops

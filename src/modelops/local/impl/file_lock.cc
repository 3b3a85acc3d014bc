#include "modelops/local/impl/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

namespace fw::modelops {

Task<Result<FileLock>> FileLock::acquire(std::filesystem::path path, Deadline deadline) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) co_return system_error("cannot open lock " + path.string(), errno);
  FileLock lock(fd);
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) co_return system_error("cannot lock " + path.string(), errno);
    auto waited = co_await sleep_for(std::chrono::milliseconds(100), deadline);
    if (!waited.ok()) co_return waited.error().within("waiting for another user of " + path.string());
  }
  co_return std::move(lock);
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace fw::modelops

#include "io/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/random.h"
#include "io/file.h"
#include "io/impl/rename_over.h"
#include "io/impl/write_all.h"

namespace fw::io {

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& path) {
  const std::filesystem::path part = path.string() + ".part-" + random_hex(4);
  const int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return system_error("cannot create " + part.string(), errno);
  return AtomicFile(path, part, fd);
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(part_.c_str());
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)), part_(std::move(other.part_)), fd_(std::exchange(other.fd_, -1)) {}

Status AtomicFile::append(std::string_view bytes) { return write_all(fd_, bytes, path_); }

Status AtomicFile::commit() {
  if (::fsync(fd_) != 0) return system_error("cannot sync " + path_.string(), errno);
  FW_TRY(rename_over(part_, path_));
  ::close(std::exchange(fd_, -1));
  return sync_folder(path_.parent_path());
}

}  // namespace fw::io

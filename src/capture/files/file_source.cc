#include "capture/files/file_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace fw::capture {
namespace {

constexpr int kPollMilliseconds = 100;  // how late a stop may be noticed while a pipe is silent

}  // namespace

Result<std::unique_ptr<FileSource>> FileSource::open(const std::string& path, Deadline deadline, std::uint64_t offset) {
  const bool is_stdin = path == "-";
  // Without O_NONBLOCK the open of a named pipe would wait for its writer, deaf to the deadline.
  const int fd =
      is_stdin ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  const std::string name = is_stdin ? "standard input" : path;
  if (fd < 0) return system_error("cannot read " + name, errno);
  std::unique_ptr<FileSource> source(new FileSource(name, fd, std::move(deadline)));
  FW_TRY(source->prepare(offset));
  return source;
}

FileSource::~FileSource() { ::close(fd_); }

Status FileSource::prepare(std::uint64_t offset) {
  struct stat info{};
  if (::fstat(fd_, &info) != 0) return system_error("cannot read " + path_, errno);
  if (S_ISDIR(info.st_mode)) return invalid_argument("cannot read " + path_ + ": it is a folder; name the files in it");
  if (!S_ISREG(info.st_mode)) return {};
  size_ = static_cast<std::uint64_t>(info.st_size);
  if (offset > 0 && ::lseek(fd_, static_cast<off_t>(offset), SEEK_SET) < 0) {
    return system_error("cannot read " + path_, errno);
  }
  position_ = offset;
  return {};
}

Status FileSource::wait_for_bytes() const {
  while (true) {
    FW_TRY(deadline_.check("reading " + path_));
    struct pollfd entry{.fd = fd_, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&entry, 1, kPollMilliseconds);
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return system_error("cannot read " + path_, errno);
  }
}

Result<std::size_t> FileSource::read(std::span<char> into) {
  while (true) {
    FW_TRY(wait_for_bytes());
    const ssize_t count = ::read(fd_, into.data(), into.size());
    if (count >= 0) {
      position_ += static_cast<std::uint64_t>(count);
      return static_cast<std::size_t>(count);
    }
    if (errno != EINTR && errno != EAGAIN) return system_error("cannot read " + path_, errno);
  }
}

}  // namespace fw::capture

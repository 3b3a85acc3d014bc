#include "io/append_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "io/file.h"

namespace fw::io {
namespace {

constexpr std::size_t kBlock = 64 << 10;

Error failed(std::string_view what, const std::filesystem::path& path) {
  return system_error(std::string(what) + ' ' + path.string(), errno);
}

}  // namespace

Result<AppendFile> AppendFile::open(const std::filesystem::path& path) {
  std::error_code unknown;
  const bool is_new = !std::filesystem::exists(path, unknown);
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return failed("cannot open", path);
  AppendFile file(path, fd, 0);
  struct stat facts{};
  if (::fstat(fd, &facts) != 0) return failed("cannot read", path);
  file.size_ = static_cast<std::uint64_t>(facts.st_size);
  if (is_new && path.has_parent_path()) FW_TRY(sync_folder(path.parent_path()));
  FW_TRY(file.cut_torn_line());
  return file;
}

AppendFile::~AppendFile() {
  if (fd_ >= 0) ::close(fd_);
}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), size_(other.size_), torn_(other.torn_) {}

Status AppendFile::cut_torn_line() {
  std::string block(kBlock, '\0');
  std::uint64_t end = size_;
  while (end > 0) {
    const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(end, kBlock));
    const ssize_t got = ::pread(fd_, block.data(), count, static_cast<off_t>(end - count));
    if (got != static_cast<ssize_t>(count)) return failed("cannot read", path_);
    const auto newline = std::string_view(block).substr(0, count).rfind('\n');
    if (newline != std::string_view::npos) {
      end = end - count + newline + 1;
      break;
    }
    end -= count;
  }
  torn_ = size_ - end;
  if (torn_ > 0 && ::ftruncate(fd_, static_cast<off_t>(end)) != 0) return failed("cannot mend", path_);
  size_ = end;
  return {};
}

Status AppendFile::check_in_place() const {
  struct stat there{}, own{};
  if (::fstat(fd_, &own) != 0) return failed("cannot read", path_);
  if (::stat(path_.c_str(), &there) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) return failed("cannot read", path_);
    return unavailable(path_.string() + " is not there any more: it was moved or removed");
  }
  if (there.st_dev != own.st_dev || there.st_ino != own.st_ino) {
    return unavailable(path_.string() + " is another file than the one that was opened");
  }
  if (static_cast<std::uint64_t>(own.st_size) == size_) return {};
  return unavailable(path_.string() + " was changed by somebody else: it has " + std::to_string(own.st_size) +
                     " bytes and was left with " + std::to_string(size_));
}

Status AppendFile::append(std::string_view lines) {
  const std::uint64_t end = size_ + lines.size();
  while (!lines.empty()) {
    const ssize_t count = ::write(fd_, lines.data(), lines.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return taken_back("cannot write");
    lines.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::fdatasync(fd_) != 0) return taken_back("cannot sync");
  size_ = end;
  return {};
}

Error AppendFile::taken_back(std::string_view what) {
  const Error error = failed(what, path_);
  (void)!::ftruncate(fd_, static_cast<off_t>(size_));
  return error;
}

}  // namespace fw::io

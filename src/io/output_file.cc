#include "io/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/random.h"
#include "io/impl/write_all.h"

namespace fw::io {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  // as the kernel follows

struct Target {
  fs::path path;           ///< without links
  bool as_stands = false;  ///< a pipe or device: opened and written
};

/// /dev/stdout and its like lead to open files, whose names may be of no use: they are opened as they stand.
bool is_of_open_files(const fs::path& link) {
  std::error_code ignored;
  return fs::weakly_canonical(link.parent_path(), ignored).string().starts_with("/proc/");
}

/// Where the last link leads, also when nothing is there yet.
Result<Target> follow_links(fs::path path) {
  for (int links = 0; links < kMostLinks; ++links) {
    std::error_code error;
    if (!fs::is_symlink(path, error)) return Target{.path = path};
    if (is_of_open_files(path)) return Target{.path = path, .as_stands = true};
    const fs::path next = fs::read_symlink(path, error);
    if (error) return system_error("cannot read the link " + path.string(), error.value());
    path = path.parent_path() / next;
  }
  return system_error("cannot write " + path.string(), ELOOP);
}

Result<Target> find_target(const fs::path& named) {
  const fs::path path = fs::absolute(named);
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno != ENOENT) return system_error("cannot write " + path.string(), errno);
    return follow_links(path);
  }
  if (S_ISREG(info.st_mode)) return follow_links(path);
  if (S_ISDIR(info.st_mode)) {
    return invalid_argument(path.string() + " is a folder; name a file in it, for example " +
                            (path / "report.html").string());
  }
  if (S_ISBLK(info.st_mode)) return invalid_argument("cannot write " + path.string() + ": it is a disk; name a file");
  if (S_ISSOCK(info.st_mode)) {
    return invalid_argument("cannot write " + path.string() + ": it is a socket; name a file");
  }
  return Target{.path = path, .as_stands = true};
}

}  // namespace

Status check_output_file(const fs::path& path) {
  FW_ASSIGN(const Target target, find_target(path));
  if (target.as_stands) {
    if (::access(target.path.c_str(), W_OK) == 0) return {};
    return system_error("cannot write " + target.path.string(), errno);
  }
  const fs::path folder = target.path.parent_path();
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    return not_found("cannot write " + target.path.string() + ": the folder " + folder.string() + " does not exist");
  }
  // Whether a file can be made is only known by making one: permissions, read-only and full file systems.
  const fs::path probe = folder / (".flywheel-" + random_hex(6));
  const int fd = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return system_error("cannot write " + target.path.string(), errno);
  ::close(fd);
  ::unlink(probe.c_str());
  return {};
}

Result<OutputFile> OutputFile::create(const fs::path& path) {
  FW_ASSIGN(const Target target, find_target(path));
  if (!target.as_stands) {
    FW_ASSIGN(AtomicFile file, AtomicFile::create(target.path));
    return OutputFile(target.path, std::move(file), -1);
  }
  const int fd = ::open(target.path.c_str(), O_WRONLY | O_TRUNC | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return system_error("cannot write " + target.path.string(), errno);
  return OutputFile(target.path, std::nullopt, fd);
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)), file_(std::move(other.file_)), fd_(std::exchange(other.fd_, -1)) {}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
}

Status OutputFile::append(std::string_view bytes) {
  return file_ ? file_->append(bytes) : write_all(fd_, bytes, path_);
}

Status OutputFile::commit() {
  if (file_) return file_->commit();
  if (::close(std::exchange(fd_, -1)) != 0) return system_error("cannot write " + path_.string(), errno);
  return {};
}

Status write_output_file(const fs::path& path, std::string_view bytes) {
  FW_ASSIGN(OutputFile file, OutputFile::create(path));
  FW_TRY(file.append(bytes));
  return file.commit();
}

}  // namespace fw::io

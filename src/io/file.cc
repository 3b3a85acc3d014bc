#include "io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/assert.h"
#include "base/random.h"
#include "io/impl/rename_over.h"
#include "io/impl/write_all.h"

namespace fw::io {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

/// Renaming replaces whatever has the name: for root also /dev/null, for everybody.
Status refuse_to_replace(const fs::path& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0 || S_ISREG(info.st_mode) || S_ISLNK(info.st_mode) || S_ISDIR(info.st_mode)) {
    return {};
  }
  return invalid_argument("cannot write " + path.string() + ": it is a device, a pipe or a socket, not a file");
}

}  // namespace

Result<std::string> read_file(const fs::path& path, std::uint64_t limit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return system_error("cannot read " + path.string(), errno);
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return system_error("cannot read " + path.string(), errno);
  if (S_ISDIR(info.st_mode)) return invalid_argument("cannot read " + path.string() + ": it is a folder");
  std::string out;
  if (S_ISREG(info.st_mode)) out.reserve(std::min<std::uint64_t>(static_cast<std::uint64_t>(info.st_size), limit));
  std::string chunk(1 << 16, '\0');
  while (true) {
    const ssize_t n = ::read(file.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("cannot read " + path.string(), errno);
    if (n == 0) return out;
    if (out.size() + static_cast<std::size_t>(n) > limit) {
      return too_large(path.string() + " is larger than " + std::to_string(limit) + " bytes");
    }
    out.append(chunk.data(), static_cast<std::size_t>(n));
  }
}

Status write_all(int fd, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("cannot write " + path.string(), errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Status sync_folder(const fs::path& folder) {
  const Descriptor dir(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (dir.get() < 0 || ::fsync(dir.get()) != 0) return system_error("cannot sync folder " + folder.string(), errno);
  return {};
}

Status rename_over(const fs::path& part, const fs::path& path) {
  FW_TRY(refuse_to_replace(path));
  if (::rename(part.c_str(), path.c_str()) != 0) return system_error("cannot rename to " + path.string(), errno);
  return {};
}

Status write_file_atomically(const fs::path& path, std::string_view bytes) {
  const fs::path part = path.string() + ".part-" + random_hex(4);
  const auto write = [&]() -> Status {
    const Descriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (file.get() < 0) return system_error("cannot create " + part.string(), errno);
    FW_TRY(write_all(file.get(), bytes, path));
    if (::fsync(file.get()) != 0) return system_error("cannot sync " + path.string(), errno);
    return {};
  };
  Status status = write();
  if (status.ok()) status = rename_over(part, path);
  if (!status.ok()) {
    ::unlink(part.c_str());
    return status;
  }
  return sync_folder(path.parent_path());
}

Status commit_file(const fs::path& part, const fs::path& path) {
  {
    const Descriptor file(::open(part.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0 || ::fsync(file.get()) != 0) return system_error("cannot sync " + part.string(), errno);
  }
  FW_TRY(rename_over(part, path));
  return sync_folder(path.parent_path());
}

Status create_folders(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return system_error("cannot create folder " + folder.string(), error.value());
  return {};
}

TemporaryFolder::TemporaryFolder(std::string_view prefix) {
  const char* base = std::getenv("TMPDIR");
  std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/" + std::string(prefix) + "-XXXXXX";
  FW_ASSERT(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace fw::io

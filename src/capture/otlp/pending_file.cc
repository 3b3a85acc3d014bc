#include "capture/otlp/impl/pending_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "io/file.h"

namespace fw::capture::otlp {
namespace {

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

}  // namespace

PendingLines pending_lines(std::string_view text) {
  PendingLines found;
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    found.lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  found.torn = text;
  return found;
}

PendingFile::~PendingFile() {
  if (file_ >= 0) ::close(file_);
}

Result<PendingLines> PendingFile::open() {
  const std::lock_guard lock(mutex_);
  std::error_code error;
  if (!std::filesystem::exists(path_, error)) return PendingLines{};
  FW_ASSIGN(const std::string text, io::read_file(path_));
  PendingLines found = pending_lines(text);
  if (!found.torn.empty()) {
    FW_TRY(io::write_file_atomically(path_, std::string_view(text).substr(0, text.size() - found.torn.size())));
  }
  return found;
}

Status PendingFile::open_at_end() {
  if (file_ >= 0) return {};
  FW_TRY(io::create_folders(path_.parent_path()));
  file_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) return system_error("cannot open " + path_.string(), errno);
  const auto size = ::lseek(file_, 0, SEEK_END);
  bytes_ = size < 0 ? 0 : static_cast<std::size_t>(size);
  return io::sync_folder(path_.parent_path());
}

Status PendingFile::append(const std::vector<std::string>& lines) {
  const std::string text = joined(lines);
  const std::lock_guard lock(mutex_);
  FW_TRY(open_at_end());
  std::size_t written = 0;
  while (written < text.size()) {
    const auto count = ::write(file_, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const Error error = system_error("cannot write " + path_.string(), errno);
      // What is there of the lines is no line: the next append must not go on behind it.
      if (::ftruncate(file_, static_cast<off_t>(bytes_)) != 0) {
        ::close(file_);
        file_ = -1;
      }
      return error;
    }
    written += static_cast<std::size_t>(count);
  }
  if (::fdatasync(file_) != 0) return system_error("cannot sync " + path_.string(), errno);
  bytes_ += text.size();
  return {};
}

Status PendingFile::rewrite(const std::vector<std::string>& lines) {
  const std::lock_guard lock(mutex_);
  FW_TRY(io::create_folders(path_.parent_path()));
  FW_TRY(io::write_file_atomically(path_, joined(lines)));
  if (file_ >= 0) ::close(file_);
  file_ = -1;
  return open_at_end();
}

std::size_t PendingFile::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace fw::capture::otlp

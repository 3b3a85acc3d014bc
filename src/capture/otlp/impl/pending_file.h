#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fw::capture::otlp {

/// The text of the file: its lines, and what has no newline at the end.
struct PendingLines {
  std::vector<std::string> lines;
  std::string torn;
};
[[nodiscard]] PendingLines pending_lines(std::string_view text);

/// The pieces that wait for others, on disk, so that what was acknowledged survives: one line each, appended and synced
/// before the acknowledgement. Lines of calls that are complete by now stay until the file is rewritten; reading them
/// again does no harm. All members block; any thread.
class PendingFile final {
 public:
  explicit PendingFile(std::filesystem::path path) : path_(std::move(path)) {}
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  /// The lines of an earlier process; a torn one at the end is cut off the file. Then it can be appended to.
  [[nodiscard]] Result<PendingLines> open();
  /// Durable on return.
  [[nodiscard]] Status append(const std::vector<std::string>& lines);
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Keeps these lines alone.
  [[nodiscard]] Status rewrite(const std::vector<std::string>& lines);
  [[nodiscard]] std::size_t bytes() const;

 private:
  [[nodiscard]] Status open_at_end();

  const std::filesystem::path path_;
  mutable std::mutex mutex_;
  int file_ = -1;
  std::size_t bytes_ = 0;
};

}  // namespace fw::capture::otlp

#include "app/cli/exported_lines.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iostream>
#include <utility>

#include "codec/pack.h"

namespace fw::app {
namespace {

constexpr std::size_t kPiece = 1U << 20U;
/// How a line ends whose content has expired, and no other: contents are objects or texts.
constexpr std::string_view kExpiredEnd = R"("request":null,"response":null})";

Status write_as_it_is(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) return cancelled("the reader of standard output went away");
    if (written < 0) return system_error("cannot write to standard output", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

ExportedLines::ExportedLines(std::string to) : to_(std::move(to)), is_packed_(to_.ends_with(".gz")) {}

Status ExportedLines::append(std::string_view piece) {
  count(piece);
  waiting_ += piece;
  return waiting_.size() < kPiece ? Status() : write();
}

Status ExportedLines::commit() {
  FW_TRY(write());
  return file_ ? file_->commit() : Status();
}

void ExportedLines::count(std::string_view piece) {
  for (auto end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
    end_of_line_ += piece.substr(end - std::min(end, kExpiredEnd.size()), std::min(end, kExpiredEnd.size()));
    ++records_;
    if (end_of_line_.ends_with(kExpiredEnd)) ++expired_;
    end_of_line_.clear();
    piece.remove_prefix(end + 1);
  }
  const std::size_t kept = std::min(piece.size(), kExpiredEnd.size());
  end_of_line_ += piece.substr(piece.size() - kept);
  if (end_of_line_.size() > kExpiredEnd.size()) end_of_line_.erase(0, end_of_line_.size() - kExpiredEnd.size());
}

Status ExportedLines::write() {
  const std::string piece = std::exchange(waiting_, {});
  if (to_ != "-") return write_to_file(is_packed_ ? codec::gzip(piece) : piece);
  if (::isatty(STDOUT_FILENO) == 0) return write_as_it_is(piece);
  std::cout << piece;
  return {};
}

Status ExportedLines::write_to_file(std::string_view piece) {
  if (!file_) {
    FW_ASSIGN(auto file, io::OutputFile::create(std::filesystem::absolute(to_)));
    file_.emplace(std::move(file));
  }
  return file_->append(piece);
}

}  // namespace fw::app

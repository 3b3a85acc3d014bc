#include "codec/line_reader.h"

#include <algorithm>
#include <cstring>

namespace fw::codec {
namespace {

constexpr std::size_t kPiece = 64 << 10;

}  // namespace

LineReader::LineReader(ByteSource& source, std::size_t limit) : source_(source), limit_(limit) {}

Result<bool> LineReader::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < kPiece)
    buffer_.resize(std::max(end_ + kPiece, std::min(2 * buffer_.size(), limit_ + 2 * kPiece)));
  FW_ASSIGN(const std::size_t count, source_.read(std::span(buffer_).subspan(end_)));
  end_ += count;
  return count > 0;
}

Line LineReader::take(std::size_t length, std::size_t end_bytes) {
  std::string_view bytes(buffer_.data() + begin_, length);
  begin_ += length + end_bytes;
  if (end_bytes > 0 && bytes.ends_with('\r')) bytes.remove_suffix(1);
  return {.bytes = bytes.substr(0, limit_), .number = ++number_, .length = bytes.size()};
}

Result<std::optional<Line>> LineReader::next() {
  std::size_t searched = 0;
  while (true) {
    const char* from = buffer_.data() + begin_;
    if (const void* found = std::memchr(from + searched, '\n', end_ - begin_ - searched)) {
      return std::optional(take(static_cast<std::size_t>(static_cast<const char*>(found) - from), 1));
    }
    searched = end_ - begin_;
    if (searched > limit_) return skip_rest_of_long_line();
    FW_ASSIGN(const bool more, fill());
    if (more) continue;
    if (end_ == begin_) return std::optional<Line>();
    return std::optional(take(end_ - begin_, 0));
  }
}

Result<std::optional<Line>> LineReader::skip_rest_of_long_line() {
  std::uint64_t length = end_ - begin_;
  char last = buffer_[end_ - 1];
  kept_.assign(buffer_, begin_, limit_);
  begin_ = end_ = 0;
  bool is_ended = false;
  while (!is_ended) {
    FW_ASSIGN(const bool more, fill());
    if (!more) break;
    const void* found = std::memchr(buffer_.data(), '\n', end_);
    const std::size_t count =
        found != nullptr ? static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data()) : end_;
    if (count > 0) last = buffer_[count - 1];
    length += count;
    is_ended = found != nullptr;
    begin_ = is_ended ? count + 1 : end_;
  }
  if (is_ended && last == '\r') --length;
  return std::optional(Line{.bytes = kept_, .number = ++number_, .length = length});
}

}  // namespace fw::codec

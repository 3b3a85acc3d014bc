#include "codec/json_documents.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace fw::codec {
namespace {

constexpr std::size_t kPiece = 64 << 10;
constexpr std::size_t kMaxArrays = 8;
constexpr std::size_t kMaxIndentation = 256;
/// What may stand between documents beside blanks: the byte order mark, and line ends of Unicode (U+2028, U+2029,
/// U+0085).
constexpr std::array<std::string_view, 4> kMarks{"\xef\xbb\xbf", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xc2\x85"};
constexpr std::size_t kLongestMark = 3;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\0' || c == '\x1e'; }
bool begins_mark(char c) {
  return std::ranges::any_of(kMarks, [c](std::string_view mark) { return mark.front() == c; });
}
bool is_line_end(char c) { return c == '\n' || c == '\r'; }

Error cut_in(std::uint64_t line) {
  return data_loss("the record that begins in line " + std::to_string(line) + " is cut off; the file is incomplete");
}

std::string_view trimmed_end(std::string_view text) {
  while (!text.empty() && (is_blank(text.back()) || is_line_end(text.back()))) text.remove_suffix(1);
  return text;
}

}  // namespace

JsonDocumentReader::JsonDocumentReader(ByteSource& source, std::size_t limit) : source_(source), limit_(limit) {}

Result<bool> JsonDocumentReader::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < kPiece) {
    buffer_.resize(std::max(end_ + kPiece, std::min(2 * buffer_.size(), limit_ + 2 * kPiece)));
  }
  FW_ASSIGN(const std::size_t count, source_.read(std::span(buffer_).subspan(end_)));
  end_ += count;
  return count > 0;
}

Result<bool> JsonDocumentReader::has(std::size_t count) {
  while (end_ - begin_ < count) {
    FW_ASSIGN(const bool more, fill());
    if (!more) return false;
  }
  return true;
}

void JsonDocumentReader::advance(std::size_t count) {
  const std::string_view taken = ahead().substr(0, count);
  for (std::size_t at = taken.find_first_of("\r\n"); at != std::string_view::npos;
       at = taken.find_first_of("\r\n", at + 1)) {
    const char before = at > 0 ? taken[at - 1] : previous_;
    if (taken[at] == '\r' || before != '\r') ++line_;
    column_ = 0;
  }
  const std::size_t last = taken.find_last_of("\r\n");
  column_ += last == std::string_view::npos ? taken.size() : taken.size() - last - 1;
  if (!taken.empty()) previous_ = taken.back();
  begin_ += count;
}

Result<bool> JsonDocumentReader::find_begin() {
  while (true) {
    FW_ASSIGN(const bool more, has(1));
    if (!more) return false;
    const char c = buffer_[begin_];
    if (begins_mark(c)) {
      FW_TRY(has(kLongestMark));
      const auto mark = std::ranges::find_if(kMarks, [this](std::string_view m) { return ahead().starts_with(m); });
      if (mark == kMarks.end()) return true;
      begin_ += mark->size();
    } else if (is_blank(c) || is_line_end(c)) {
      const std::string_view text = ahead();
      const auto end = std::ranges::find_if_not(text, [](char b) { return is_blank(b) || is_line_end(b); });
      advance(static_cast<std::size_t>(end - text.begin()));
    } else if (c == ',' && !is_separated_) {
      is_separated_ = true;
      advance(1);
    } else if (c == ']' && arrays_ > 0) {
      --arrays_;
      is_separated_ = false;
      advance(1);
    } else {
      return true;
    }
  }
}

Result<bool> JsonDocumentReader::enter_array() {
  if (arrays_ == kMaxArrays) return false;
  // `[INFO] ...` between documents is a line of something else: only what may stand in an array of documents counts.
  std::size_t at = 1;
  while (true) {
    FW_ASSIGN(const bool more, has(at + 1));
    if (!more || at > kPiece) break;
    const char c = buffer_[begin_ + at];
    if (c == '{' || c == '[' || c == ']') break;
    if (!is_blank(c) && !is_line_end(c)) return false;
    ++at;
  }
  ++arrays_;
  is_separated_ = true;
  advance(1);
  return true;
}

Result<std::optional<JsonDocument>> JsonDocumentReader::next() {
  if (kept_.capacity() > 2 * kKeptOfLong) kept_ = std::string();
  while (true) {
    FW_ASSIGN(const bool more, find_begin());
    if (!more) break;
    if (arrays_ > 0 && !is_separated_) arrays_ = 0;  // no comma: that was not the array it seemed to be
    if (buffer_[begin_] == '{') return read_object();
    if (buffer_[begin_] != '[') return read_broken(false);
    FW_ASSIGN(const bool entered, enter_array());
    if (!entered) return read_broken(false);
  }
  if (arrays_ > 0) return data_loss("the JSON array is not closed; the file is incomplete or damaged");
  return std::optional<JsonDocument>();
}

Result<std::optional<JsonDocument>> JsonDocumentReader::read_object() {
  scanner_.reset();
  // Not a byte beyond the limit is looked at here, however many are there: what is long must not depend on the pieces.
  JsonScanner::State state = scanner_.feed(ahead().substr(0, limit_ + 1));
  while (state == JsonScanner::State::kMore) {
    const auto had = static_cast<std::size_t>(scanner_.used());
    if (had > limit_) return read_long();
    FW_ASSIGN(const bool more, fill());
    if (!more) break;
    state = scanner_.feed(ahead().substr(had, limit_ + 1 - had));
  }
  const auto length = static_cast<std::size_t>(scanner_.used());
  const bool is_over_lines = ahead().substr(0, length).find_first_of("\r\n") != std::string_view::npos;
  // A text that its line ends within is right up to there: writers end the line that they did not finish, too.
  const bool is_right = state == JsonScanner::State::kBroken && has_line_end_at(length);
  if (state == JsonScanner::State::kMore || is_right) return read_cut(is_over_lines);
  if (state != JsonScanner::State::kComplete) return read_broken(is_over_lines);
  FW_ASSIGN(const bool is_clean, ends_cleanly(length));
  if (!is_clean) return read_broken(is_over_lines);
  const JsonDocument document{.bytes = ahead().substr(0, length <= limit_ ? length : kept_of_long()),
                              .line = line_,
                              .length = length,
                              .is_in_array = arrays_ > 0};
  advance(length);
  is_separated_ = false;
  return std::optional(document);
}

bool JsonDocumentReader::has_line_end_at(std::size_t at) const {
  return at < ahead().size() && is_line_end(ahead()[at]);
}

Result<std::optional<JsonDocument>> JsonDocumentReader::read_cut(bool is_over_lines) {
  const std::uint64_t line = line_;
  FW_ASSIGN(const auto document, read_broken(is_over_lines));
  FW_ASSIGN(const bool is_followed, find_begin());
  if (is_followed) return document;  // a line that is wrong by itself
  return cut_in(line);
}

Result<bool> JsonDocumentReader::ends_cleanly(std::size_t length) {
  for (std::size_t at = length;; ++at) {
    FW_ASSIGN(const bool more, has(at + 1));
    if (!more) return true;
    const char c = buffer_[begin_ + at];
    if (is_line_end(c) || c == ',' || c == '{' || begins_mark(c) || at > length + kPiece) return true;
    if (c == ']' && arrays_ > 0) return true;
    if (!is_blank(c)) return false;
  }
}

Result<std::optional<JsonDocument>> JsonDocumentReader::read_long() {
  const std::uint64_t line = line_;
  kept_.assign(ahead().substr(0, kept_of_long()));
  advance(static_cast<std::size_t>(scanner_.used()));
  JsonScanner::State state = JsonScanner::State::kMore;
  while (state == JsonScanner::State::kMore) {
    FW_ASSIGN(const bool more, has(1));
    if (!more) break;
    const std::uint64_t before = scanner_.used();
    state = scanner_.feed(ahead());
    advance(static_cast<std::size_t>(scanner_.used() - before));
  }
  is_separated_ = false;
  if (state == JsonScanner::State::kMore) return cut_in(line);
  std::uint64_t length = scanner_.used();
  if (state == JsonScanner::State::kBroken) {
    // Without its beginning the rest of its line is nothing.
    const std::string beginning = std::move(kept_);
    FW_ASSIGN(const auto rest, read_broken(false));
    length += rest ? rest->length : 0;
    kept_ = beginning;
  }
  return std::optional(JsonDocument{.bytes = kept_, .line = line, .length = length});
}

Result<bool> JsonDocumentReader::is_continued(std::size_t column) {
  std::size_t indentation = 0;
  while (true) {
    FW_ASSIGN(const bool more, has(indentation + 1));
    if (!more) return false;
    const char c = buffer_[begin_ + indentation];
    if (is_line_end(c)) return false;
    if (!is_blank(c)) return c == '}' || c == ']' ? arrays_ == 0 || indentation > 0 : indentation > column;
    if (++indentation > kMaxIndentation) return true;
  }
}

Result<std::optional<JsonDocument>> JsonDocumentReader::read_broken(bool is_over_lines) {
  const std::uint64_t line = line_;
  const std::size_t column = column_;
  std::uint64_t whole = 0;
  std::uint64_t length = 0;  // without the space at its end
  kept_.clear();
  const auto take = [&](std::size_t count) {
    const std::string_view text = ahead().substr(0, count);
    if (kept_.size() <= limit_) kept_.append(text);
    if (const std::size_t used = trimmed_end(text).size(); used > 0) length = whole + used;
    whole += count;
    advance(count);
  };
  while (true) {
    const std::string_view text = ahead();
    const std::size_t end = text.find_first_of("\r\n");
    take(end == std::string_view::npos ? text.size() : end);
    if (end == std::string_view::npos) {
      FW_ASSIGN(const bool more, fill());
      if (more) continue;
      break;
    }
    FW_ASSIGN(const bool has_pair, has(2));
    const std::size_t line_end = has_pair && ahead().starts_with("\r\n") ? 2 : 1;
    if (!is_over_lines) break;
    take(line_end);
    FW_ASSIGN(const bool continued, is_continued(column));
    if (!continued) break;
  }
  is_separated_ = true;  // its comma went with it, if there was one
  const std::string_view bytes = std::string_view(kept_).substr(0, length > limit_ ? kept_of_long() : length);
  return std::optional(JsonDocument{.bytes = bytes, .line = line, .length = length});
}

}  // namespace fw::codec

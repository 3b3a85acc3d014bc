#include "codec/json_scanner.h"

#include <array>

namespace fw::codec {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_scalar_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' || c == 'E';
}

/// Bytes of a string that mean something: its end, an escape, and line ends, which JSON strings never hold.
constexpr std::array<bool, 256> kStopsString = [] {
  std::array<bool, 256> table{};
  for (const unsigned char c : {'"', '\\', '\n', '\r'}) table[c] = true;
  return table;
}();

std::size_t next_stop(std::string_view text, std::size_t at) {
  while (at < text.size() && !kStopsString[static_cast<unsigned char>(text[at])]) ++at;
  return at;
}

}  // namespace

void JsonScanner::reset() {
  levels_.clear();
  expect_ = Expect::kValue;
  is_in_string_ = is_escaped_ = is_in_scalar_ = is_complete_ = false;
  used_ = 0;
}

JsonScanner::State JsonScanner::feed(std::string_view piece) {
  const std::uint64_t before = used_;
  for (std::size_t at = 0; at < piece.size(); used_ = before + at) {
    if (is_in_string_) {
      if (!is_escaped_) at = next_stop(piece, at);
      if (at == piece.size()) continue;
      const char c = piece[at];
      if (c == '\n' || c == '\r') {
        used_ = before + at;
        return State::kBroken;
      }
      is_in_string_ = is_escaped_ || c != '"';
      is_escaped_ = !is_escaped_ && c == '\\';
      ++at;
    } else if (is_in_scalar_ && is_scalar_byte(piece[at])) {
      ++at;
    } else {
      is_in_scalar_ = false;
      if (!is_space(piece[at]) && !take(piece[at])) return State::kBroken;
      ++at;
      if (is_complete_) {
        used_ = before + at;
        return State::kComplete;
      }
    }
  }
  used_ = before + piece.size();
  return State::kMore;
}

bool JsonScanner::take(char c) {
  switch (c) {
    case '{':
    case '[': return open(c);
    case '}':
    case ']': return close(c);
    case '"': return begin_string();
    case ':':
      if (expect_ != Expect::kColon) return false;
      expect_ = Expect::kValue;
      return true;
    case ',':
      if (expect_ != Expect::kCommaOrEnd) return false;
      expect_ = levels_.back() == '{' ? Expect::kKey : Expect::kValue;
      return true;
    default: return begin_scalar(c);
  }
}

bool JsonScanner::open(char bracket) {
  if ((expect_ != Expect::kValue && expect_ != Expect::kValueOrEnd) || levels_.size() == kMaxDepth) return false;
  levels_ += bracket;
  expect_ = bracket == '{' ? Expect::kKeyOrEnd : Expect::kValueOrEnd;
  return true;
}

bool JsonScanner::close(char bracket) {
  const bool is_object = bracket == '}';
  if (levels_.empty() || (levels_.back() == '{') != is_object) return false;
  const Expect empty = is_object ? Expect::kKeyOrEnd : Expect::kValueOrEnd;
  if (expect_ != Expect::kCommaOrEnd && expect_ != empty) return false;
  levels_.pop_back();
  expect_ = Expect::kCommaOrEnd;
  is_complete_ = levels_.empty();
  return true;
}

bool JsonScanner::begin_string() {
  if (levels_.empty()) return false;
  if (expect_ == Expect::kKey || expect_ == Expect::kKeyOrEnd) {
    expect_ = Expect::kColon;
  } else if (expect_ == Expect::kValue || expect_ == Expect::kValueOrEnd) {
    expect_ = Expect::kCommaOrEnd;
  } else {
    return false;
  }
  is_in_string_ = true;
  return true;
}

bool JsonScanner::begin_scalar(char c) {
  // NaN and Infinity are no JSON, yet Python writes them: the parser is to name them, not the search for the end.
  if (levels_.empty() || !(is_scalar_byte(c) || c == 'N' || c == 'I')) return false;
  if (expect_ != Expect::kValue && expect_ != Expect::kValueOrEnd) return false;
  expect_ = Expect::kCommaOrEnd;
  is_in_scalar_ = true;
  return true;
}

}  // namespace fw::codec

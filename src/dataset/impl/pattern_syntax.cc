#include "dataset/impl/pattern_syntax.h"

#include <charconv>
#include <optional>

namespace fw::dataset {
namespace {

class PatternReader {
 public:
  explicit PatternReader(std::string_view text) : text_(text) {}

  bool is_sound() {
    while (at_ < text_.size()) {
      if (!read_one()) return false;
    }
    return depth_ == 0;
  }

 private:
  bool read_one() {
    const char c = text_[at_++];
    switch (c) {
      case '\\': return can_repeat_ = at_++ < text_.size();
      case '[': return can_repeat_ = read_class();
      case '(':
        ++depth_;
        can_repeat_ = false;
        if (at_ < text_.size() && text_[at_] == '?') ++at_;  // (?:, (?=, (?<name>
        return true;
      case ')': return can_repeat_ = depth_-- > 0;
      case '|': can_repeat_ = false; return true;
      case '*':
      case '+':
      case '?': return read_repeat();
      case '{': return read_count();
      default: can_repeat_ = c != '^'; return true;
    }
  }

  /// After `*`, `+` or a count may stand `?` (lazy) or `+` (possessive).
  bool read_repeat() {
    if (!can_repeat_) return false;
    if (at_ < text_.size() && (text_[at_] == '?' || text_[at_] == '+')) ++at_;
    can_repeat_ = false;
    return true;
  }

  std::optional<unsigned long> read_number() {
    unsigned long value = 0;
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc{}) return std::nullopt;
    at_ += static_cast<std::size_t>(end - begin);
    return value;
  }

  /// `{2}`, `{2,}`, `{2,3}`; any other brace stands for itself.
  bool read_count() {
    const std::size_t begin = at_;
    const auto least = read_number();
    const bool has_comma = at_ < text_.size() && text_[at_] == ',';
    if (has_comma) ++at_;
    const auto most = has_comma ? read_number() : std::nullopt;
    if (!least || at_ == text_.size() || text_[at_] != '}') {
      at_ = begin;
      can_repeat_ = true;
      return true;
    }
    ++at_;
    return (!most || *least <= *most) && read_repeat();
  }

  static bool is_plain_in_class(char c) { return c > 0 && c != ']' && c != '[' && c != '\\'; }

  bool read_class() {
    if (at_ < text_.size() && text_[at_] == '^') ++at_;
    std::optional<char> from;  // a plain character that may begin a range
    for (bool is_first = true; at_ < text_.size(); is_first = false) {
      const char c = text_[at_++];
      if (c == ']' && !is_first) return true;
      const bool is_range = c == '-' && from && at_ < text_.size() && is_plain_in_class(text_[at_]);
      if (is_range && *from > text_[at_++]) return false;
      from = !is_range && is_plain_in_class(c) && c != '-' ? std::optional(c) : std::nullopt;
      if (c == '\\' && at_++ == text_.size()) return false;
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool can_repeat_ = false;
};

}  // namespace

bool is_sound_pattern(std::string_view pattern) { return PatternReader(pattern).is_sound(); }

}  // namespace fw::dataset

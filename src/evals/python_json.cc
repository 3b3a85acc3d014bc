#include "evals/python_json.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <utility>

namespace fw::evals {
namespace {

constexpr int kMaxDepth = 512;
constexpr std::size_t kMaxIntegerDigits = 4300;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<unsigned> hex_digit(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

void append_code_point(std::string& out, unsigned code) {
  const auto tail = [&](int shift) { out.push_back(static_cast<char>(0x80 | ((code >> shift) & 0x3f))); };
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xc0 | (code >> 6)));
    tail(0);
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | (code >> 12)));
    tail(6), tail(0);
  } else {
    out.push_back(static_cast<char>(0xf0 | (code >> 18)));
    tail(12), tail(6), tail(0);
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<PythonValue> parse() {
    PythonValue value;
    skip_space();
    if (!parse_value(value, 0)) return failure();
    skip_space();
    if (at_ != text_.size()) {
      what_ = "text goes on after the JSON value";
      return failure();
    }
    return value;
  }

 private:
  [[nodiscard]] Error failure() const {
    return invalid_argument("is not JSON: " + std::string(what_) + " at byte " + std::to_string(at_));
  }

  bool fail(std::string_view what) {
    what_ = what;
    return false;
  }

  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  void skip_space() {
    while (at_ < text_.size() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')) ++at_;
  }

  bool parse_value(PythonValue& out, int depth) {
    if (depth > kMaxDepth) return fail("nested deeper than 512 levels");
    switch (peek()) {
      case '{': return parse_dict(out, depth);
      case '[': return parse_list(out, depth);
      case '"': {
        std::string text;
        if (!parse_string(text)) return false;
        out = PythonValue(std::move(text));
        return true;
      }
      default: return parse_scalar(out);
    }
  }

  bool parse_scalar(PythonValue& out) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (take_word("null")) return out = PythonValue(), true;
    if (take_word("true")) return out = PythonValue(true), true;
    if (take_word("false")) return out = PythonValue(false), true;
    if (take_word("NaN")) return out = PythonValue(std::numeric_limits<double>::quiet_NaN()), true;
    if (take_word("Infinity")) return out = PythonValue(kInfinity), true;
    if (take_word("-Infinity")) return out = PythonValue(-kInfinity), true;
    return parse_number(out);
  }

  void take_digits() {
    while (is_digit(peek())) ++at_;
  }

  bool parse_number(PythonValue& out) {
    const std::size_t start = at_;
    const bool negative = take('-');
    const std::size_t digits = at_;
    if (!is_digit(peek())) return at_ = start, fail("a value is missing");
    if (!take('0')) take_digits();
    const std::size_t integer_end = at_;
    if (peek() == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1])) ++at_, take_digits();
    take_exponent();
    if (at_ != integer_end) {
      out = PythonValue(std::strtod(std::string(text_.substr(start, at_ - start)).c_str(), nullptr));
      return true;
    }
    if (integer_end - digits > kMaxIntegerDigits) return fail("an integer has more than 4300 digits");
    PythonValue::Integer integer{negative, std::string(text_.substr(digits, integer_end - digits))};
    if (integer.digits == "0") integer.negative = false;
    out = PythonValue(std::move(integer));
    return true;
  }

  void take_exponent() {
    if (peek() != 'e' && peek() != 'E') return;
    std::size_t ahead = at_ + 1;
    if (ahead < text_.size() && (text_[ahead] == '+' || text_[ahead] == '-')) ++ahead;
    if (ahead >= text_.size() || !is_digit(text_[ahead])) return;
    at_ = ahead;
    take_digits();
  }

  bool parse_list(PythonValue& out, int depth) {
    ++at_;
    PythonValue::List items;
    skip_space();
    if (!take(']')) {
      do {
        skip_space();
        if (!parse_value(items.emplace_back(), depth + 1)) return false;
        skip_space();
      } while (take(','));
      if (!take(']')) return fail("a list is not closed");
    }
    out = PythonValue(std::move(items));
    return true;
  }

  bool parse_dict(PythonValue& out, int depth) {
    ++at_;
    PythonValue::Dict items;
    skip_space();
    if (!take('}')) {
      do {
        skip_space();
        std::string key;
        if (peek() != '"') return fail("a key is missing");
        if (!parse_string(key)) return false;
        skip_space();
        if (!take(':')) return fail("a colon is missing");
        skip_space();
        if (!parse_value(items[std::move(key)], depth + 1)) return false;
        skip_space();
      } while (take(','));
      if (!take('}')) return fail("an object is not closed");
    }
    out = PythonValue(std::move(items));
    return true;
  }

  bool parse_string(std::string& out) {
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') return ++at_, true;
      if (static_cast<unsigned char>(c) < 0x20) return fail("a control character stands in a string");
      if (c == '\\') {
        if (!parse_escape(out)) return false;
      } else {
        out.push_back(c);
        ++at_;
      }
    }
    return fail("a string is not closed");
  }

  bool parse_escape(std::string& out) {
    ++at_;
    const char c = peek();
    constexpr std::string_view kNames = "\"\\/bfnrt", kValues = "\"\\/\b\f\n\r\t";
    if (const auto i = kNames.find(c); c != '\0' && i != std::string_view::npos) {
      out.push_back(kValues[i]);
      ++at_;
      return true;
    }
    if (c != 'u') return fail("an escape is not known");
    std::optional<unsigned> code = hex4(at_ + 1);
    if (!code) return fail("an escape has no four hexadecimal digits");
    at_ += 5;
    if (*code >= 0xd800 && *code < 0xdc00 && text_.substr(at_, 2) == "\\u") {
      if (const auto low = hex4(at_ + 2); low && *low >= 0xdc00 && *low < 0xe000) {
        code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
        at_ += 6;
      }
    }
    append_code_point(out, *code);
    return true;
  }

  [[nodiscard]] std::optional<unsigned> hex4(std::size_t from) const {
    if (from + 4 > text_.size()) return std::nullopt;
    unsigned code = 0;
    for (std::size_t i = from; i < from + 4; ++i) {
      const auto digit = hex_digit(text_[i]);
      if (!digit) return std::nullopt;
      code = code * 16 + *digit;
    }
    return code;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string_view what_ = "a value is missing";
};

/// True when the float is a whole number with exactly these digits.
bool equal(const PythonValue::Integer& integer, double value) {
  if (!std::isfinite(value) || value != std::trunc(value)) return false;
  char digits[400];
  std::snprintf(digits, sizeof digits, "%.0f", std::fabs(value));
  return digits == integer.digits && (integer.digits == "0" || integer.negative == std::signbit(value));
}

std::optional<PythonValue::Integer> as_integer(const PythonValue& value) {
  if (const bool* b = value.boolean()) return PythonValue::Integer{false, *b ? "1" : "0"};
  if (const auto* i = value.integer()) return *i;
  return std::nullopt;
}

}  // namespace

bool operator==(const PythonValue& a, const PythonValue& b) {
  const auto integer_a = as_integer(a), integer_b = as_integer(b);
  if (integer_a && integer_b) return *integer_a == *integer_b;
  if (integer_a && b.floating()) return equal(*integer_a, *b.floating());
  if (integer_b && a.floating()) return equal(*integer_b, *a.floating());
  return a.value_ == b.value_;
}

const PythonValue* PythonValue::find(std::string_view key) const {
  const Dict* items = dict();
  if (!items) return nullptr;
  const auto found = items->find(key);
  return found == items->end() ? nullptr : &found->second;
}

bool PythonValue::is_true() const {
  if (const bool* b = boolean()) return *b;
  if (const auto* i = integer()) return i->digits != "0";
  if (const auto* d = floating()) return *d != 0;
  if (const auto* s = string()) return !s->empty();
  if (const auto* l = list()) return !l->empty();
  if (const auto* d = dict()) return !d->empty();
  return false;
}

double real_number(const PythonValue& value) {
  if (value.floating()) return *value.floating();
  if (!value.integer()) return std::nan("");
  const double size = std::strtod(value.integer()->digits.c_str(), nullptr);
  return value.integer()->negative ? -size : size;
}

std::uint64_t PythonValue::count_or(std::uint64_t other) const {
  if (const auto* i = integer(); i && !i->negative) {
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(i->digits.data(), i->digits.data() + i->digits.size(), count);
    return error == std::errc{} ? count : other;
  }
  if (const auto* d = floating(); d && *d >= 0 && *d < 1e15 && *d == std::trunc(*d))
    return static_cast<std::uint64_t>(*d);
  return other;
}

Result<PythonValue> parse_python_json(std::string_view text) { return Parser(text).parse(); }

}  // namespace fw::evals

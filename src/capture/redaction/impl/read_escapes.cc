#include "capture/redaction/impl/read_escapes.h"

#include <algorithm>

#include "capture/completions/impl/escaped.h"

namespace fw::capture {
namespace {

constexpr std::size_t kHexDigits = 4;

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// The four digits of the escape that begins at `from`, whose end goes to `end`; empty where none does.
std::string_view digits_at(std::string_view text, std::size_t from, std::size_t& end) {
  const std::size_t u = text.find_first_not_of('\\', from);
  if (u == std::string_view::npos || u == from || text[u] != 'u') return {};
  const std::string_view digits = text.substr(u + 1, kHexDigits);
  if (digits.size() < kHexDigits || !std::ranges::all_of(digits, is_hex)) return {};
  end = u + 1 + kHexDigits;
  return digits;
}

bool is_first_of_pair(std::string_view digits) {
  return (digits[0] | 0x20) == 'd' && std::string_view("89abAB").find(digits[1]) != std::string_view::npos;
}

}  // namespace

ReadEscapes::ReadEscapes(std::string_view written) {
  if (written.find("\\u") == std::string_view::npos) return;
  text_.reserve(written.size());
  places_.reserve(written.size() + 1);
  for (std::size_t at = 0; at < written.size();) {
    std::size_t end = at + 1;
    std::string value(1, written[at]);
    if (const auto digits = digits_at(written, at, end); !digits.empty()) {
      std::string inside = "\\u" + std::string(digits);
      std::size_t pair_end = end;
      if (is_first_of_pair(digits)) {
        if (const auto second = digits_at(written, end, pair_end); !second.empty()) {
          inside += "\\u" + std::string(second);
          end = pair_end;
        }
      }
      value = unescaped(inside);
    } else if (written[at] == '\\') {
      end = std::min(written.find_first_not_of('\\', at), written.size());
      value.assign(end - at, '\\');
    }
    for (const char c : value) {
      text_ += c;
      places_.push_back(at);
    }
    at = end;
  }
  places_.push_back(written.size());
}

}  // namespace fw::capture

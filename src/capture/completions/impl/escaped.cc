#include "capture/completions/impl/escaped.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

namespace fw::capture {
namespace {

constexpr std::size_t kDeepest = 64;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

/// The code unit of an escape `\uXXXX` that stands at `at`.
std::optional<std::uint32_t> unit_at(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  std::uint32_t unit = 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) {
    const auto digit = hex_digit(text[i]);
    if (!digit) return std::nullopt;
    unit = unit * 16 + *digit;
  }
  return unit;
}

bool is_high(std::uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low(std::uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
  } else if (code < 0x10000) {
    out += {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)),
            static_cast<char>(0x80 | (code & 0x3F))};
  } else {
    out += {static_cast<char>(0xF0 | code >> 18), static_cast<char>(0x80 | (code >> 12 & 0x3F)),
            static_cast<char>(0x80 | (code >> 6 & 0x3F)), static_cast<char>(0x80 | (code & 0x3F))};
  }
}

/// Appends what the escape at `at` stands for, and returns how long it is.
std::size_t append_escape(std::string& out, std::string_view text, std::size_t at) {
  if (const auto unit = unit_at(text, at)) {
    const auto next = unit_at(text, at + 6);
    if (is_high(*unit) && next && is_low(*next)) {
      append_utf8(out, 0x10000 + ((*unit - 0xD800) << 10) + (*next - 0xDC00));
      return 12;
    }
    if (is_high(*unit) || is_low(*unit))
      out += kReplacement;
    else
      append_utf8(out, *unit);
    return 6;
  }
  if (at + 1 >= text.size()) return 1;
  switch (text[at + 1]) {
    case 'b': out += '\b'; break;
    case 'f': out += '\f'; break;
    case 'n': out += '\n'; break;
    case 'r': out += '\r'; break;
    case 't': out += '\t'; break;
    default: out += text[at + 1];
  }
  return 2;
}

bool is_too_deep(std::string_view json) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kDeepest) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

bool has_valid_escapes(std::string_view inside) {
  constexpr std::string_view kPlain = "\"\\/bfnrt";
  for (auto at = inside.find('\\'); at != std::string_view::npos; at = inside.find('\\', at)) {
    if (unit_at(inside, at))
      at += 6;
    else if (at + 1 < inside.size() && kPlain.find(inside[at + 1]) != std::string_view::npos)
      at += 2;
    else
      return false;
  }
  return true;
}

std::string escaped(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  out.reserve(text.size() + 16);
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20)
          out += {'\\', 'u', '0', '0', kHex[c >> 4 & 0xF], kHex[c & 0xF]};
        else
          out += c;
    }
  }
  return out;
}

std::string unescaped(std::string_view inside) {
  std::string out;
  out.reserve(inside.size());
  std::size_t from = 0;
  for (auto at = inside.find('\\'); at != std::string_view::npos; at = inside.find('\\', from)) {
    out += inside.substr(from, at - from);
    from = at + append_escape(out, inside, at);
  }
  if (from < inside.size()) out += inside.substr(from);
  return out;
}

std::string with_whole_surrogates(std::string inside) {
  for (auto at = inside.find('\\'); at != std::string::npos; at = inside.find('\\', at)) {
    const auto unit = unit_at(inside, at);
    if (!unit) {
      at += 2;
      continue;
    }
    const auto next = unit_at(inside, at + 6);
    if (is_high(*unit) && next && is_low(*next)) {
      at += 12;
      continue;
    }
    if (is_high(*unit) || is_low(*unit)) inside.replace(at, 6, "\\ufffd");
    at += 6;
  }
  return inside;
}

bool is_whole_json(std::string_view json) {
  if (is_too_deep(json) || !nlohmann::json::accept(json)) return false;
  const bool may_have_half = json.find("\\ud") != std::string_view::npos || json.find("\\uD") != std::string_view::npos;
  return !may_have_half || with_whole_surrogates(std::string(json)) == json;
}

}  // namespace fw::capture

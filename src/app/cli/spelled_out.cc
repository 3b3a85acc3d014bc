#include "app/cli/spelled_out.h"

#include <array>
#include <cstdio>
#include <utility>

#include "app/cli/safe_text.h"
#include "codec/utf8.h"

namespace fw::app {
namespace {

constexpr char32_t kNoCharacter = 0xFFFFFFFF;  ///< a byte that is no UTF-8

/// All that is not safe to show, and what would be ambiguous within a line.
bool is_spelled_out(char32_t c) {
  return is_unsafe_to_show(c) || c == '\n' || c == '\t' || c == '\\' || c == kNoCharacter;
}

/// The character at the beginning of `text` and its length; kNoCharacter of length 1 for what is no UTF-8.
std::pair<char32_t, std::size_t> first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length || !codec::is_valid_utf8(text.substr(0, length))) {
    return {kNoCharacter, 1};
  }
  char32_t c = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) c = (c << 6U) | (static_cast<unsigned char>(text[i]) & 0x3fU);
  return {c, length};
}

std::string escape_of(char32_t c, std::string_view raw) {
  if (c == '\\') return "\\\\";
  std::array<char, 16> buffer{};
  if (c < 0x100 || c == kNoCharacter) {
    std::string out;
    for (const unsigned char byte : raw) {
      std::snprintf(buffer.data(), buffer.size(), "\\x%02x", byte);
      out += buffer.data();
    }
    return out;
  }
  std::snprintf(buffer.data(), buffer.size(), "\\u%04x", static_cast<unsigned>(c));
  return buffer.data();
}

}  // namespace

std::string spelled_out(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    const auto [c, length] = first_character(bytes);
    const auto raw = bytes.substr(0, length);
    out += is_spelled_out(c) ? escape_of(c, raw) : std::string(raw);
    bytes.remove_prefix(length);
  }
  return out;
}

}  // namespace fw::app

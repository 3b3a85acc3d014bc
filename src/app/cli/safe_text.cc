#include "app/cli/safe_text.h"

#include <array>
#include <cstdio>
#include <utility>

namespace fw::app {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};
constexpr std::array<Range, 11> kUnsafe{{{0x00, 0x08},
                                         {0x0b, 0x1f},
                                         {0x7f, 0x9f},
                                         {0x61c, 0x61c},        // Arabic letter mark
                                         {0x200e, 0x200f},      // marks of direction
                                         {0x2028, 0x202e},      // separators, embeddings and overrides
                                         {0x2066, 0x206f},      // isolates, and deprecated marks of shape
                                         {0xfeff, 0xfeff},      // byte order mark
                                         {0xfff9, 0xfffb},      // annotations
                                         {0xd800, 0xdfff},      // surrogates
                                         {0xe0000, 0xe007f}}};  // tags

constexpr char32_t kInvalid = 0xffffffff;

struct Decoded {
  char32_t character = kInvalid;
  std::size_t length = 1;      // bytes
  bool is_incomplete = false;  // the text ends within it
};

/// The character at the front of a text that is not empty.
Decoded decode(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return {first, 1, false};
  const std::size_t length = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
  if (length == 1 || first >= 0xf5) return {};
  char32_t character = first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size()) return {kInvalid, i, true};
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0U) != 0x80) return {kInvalid, i, false};
    character = character << 6U | (byte & 0x3fU);
  }
  constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool is_wrong =
      character < kLeast.at(length) || character > 0x10ffff || (character >= 0xd800 && character < 0xe000);
  return {is_wrong ? kInvalid : character, length, false};
}

void append_escape(std::string& out, char32_t character) {
  std::array<char, 16> escape{};
  if (character <= 0xffff) {
    std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(character));
  } else {
    const unsigned rest = static_cast<unsigned>(character) - 0x10000;
    std::snprintf(escape.data(), escape.size(), "\\u%04x\\u%04x", 0xd800 + (rest >> 10U), 0xdc00 + (rest & 0x3ffU));
  }
  out += escape.data();
}

}  // namespace

bool is_unsafe_to_show(char32_t character) {
  for (const Range& range : kUnsafe) {
    if (character >= range.first && character <= range.last) return true;
  }
  return false;
}

std::size_t append_safe(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const Decoded next = decode(text);
    if (next.is_incomplete) return next.length;
    if (next.character == kInvalid) {
      out += "\xef\xbf\xbd";
    } else if (is_unsafe_to_show(next.character)) {
      append_escape(out, next.character);
    } else {
      out += text.substr(0, next.length);
    }
    text.remove_prefix(next.length);
  }
  return 0;
}

std::string safe_text(std::string_view text) {
  std::string out;
  if (append_safe(out, text) > 0) out += "\xef\xbf\xbd";
  return out;
}

SafeStream::SafeStream(std::ostream& stream) : stream_(stream), target_(stream.rdbuf(this)) {}

SafeStream::~SafeStream() {
  (void)sync();
  stream_.rdbuf(target_);
}

SafeStream::int_type SafeStream::overflow(int_type character) {
  if (traits_type::eq_int_type(character, traits_type::eof())) return traits_type::not_eof(character);
  const char byte = traits_type::to_char_type(character);
  return xsputn(&byte, 1) == 1 ? character : traits_type::eof();
}

std::streamsize SafeStream::xsputn(const char* bytes, std::streamsize count) {
  const std::string text = std::exchange(incomplete_, {}) + std::string(bytes, static_cast<std::size_t>(count));
  std::string safe;
  const std::size_t left = append_safe(safe, text);
  incomplete_ = text.substr(text.size() - left);
  const auto size = static_cast<std::streamsize>(safe.size());
  return target_->sputn(safe.data(), size) == size ? count : 0;
}

int SafeStream::sync() { return target_->pubsync(); }

}  // namespace fw::app

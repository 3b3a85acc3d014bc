#include "record/ids.h"

#include <algorithm>

#include "codec/utf8.h"

namespace fw::record {
namespace {

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

}  // namespace

Status check_id(std::string_view text, std::size_t max_bytes) {
  if (!text.empty() && text.size() <= max_bytes && std::ranges::none_of(text, is_control) &&
      codec::is_valid_utf8(text)) {
    return {};
  }
  return invalid_argument("is not a string of 1 to " + std::to_string(max_bytes) +
                          " bytes of UTF-8 without control characters");
}

std::string repaired_id(std::string text, std::size_t max_bytes) {
  const bool is_utf8 = codec::is_valid_utf8(text);
  for (char& c : text) {
    if (is_control(c) || (!is_utf8 && static_cast<unsigned char>(c) >= 0x80)) c = '?';
  }
  if (text.size() > max_bytes) {
    while (max_bytes > 0 && (static_cast<unsigned char>(text[max_bytes]) & 0xC0U) == 0x80) --max_bytes;
    text.resize(max_bytes);
  }
  return text;
}

}  // namespace fw::record

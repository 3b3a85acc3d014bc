#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fw::dataset {

/// What stands at a place of a text beyond ASCII, for readers that tell words by the spaces between them.
enum class Beyond : std::uint8_t {
  kLetter,    ///< of a script with spaces, or a byte of no character
  kUnspaced,  ///< of a script without spaces between words (Chinese, Japanese, Thai, Lao, Burmese, Khmer): by itself a
              ///< word here, so that runs of words are runs of characters
  kMark,      ///< punctuation or space
};

struct Character {
  Beyond kind = Beyond::kLetter;
  std::size_t bytes = 1;  ///< of the text that it takes
};

/// `text[at]` is a byte of 0x80 or above. Unicode 15's blocks.
[[nodiscard]] inline Character beyond_ascii(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const auto follows = [&](std::size_t i) { return at + i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned char first = byte(0);
  if (first >= 0xF0 && follows(1) && follows(2) && follows(3)) {
    // U+20000 to U+3FFFF: ideographs.
    const bool is_ideograph = first == 0xF0 && byte(1) >= 0xA0;
    return {is_ideograph ? Beyond::kUnspaced : Beyond::kLetter, 4};
  }
  if (first < 0xE0 || first >= 0xF0 || !follows(1) || !follows(2)) return {};
  const std::uint32_t c = (first & 0x0Fu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
  const auto is_in = [c](std::uint32_t from, std::uint32_t to) { return c >= from && c <= to; };
  if (is_in(0x2000, 0x206F) || is_in(0x3000, 0x3004) || is_in(0x3008, 0x3020) || is_in(0x30FB, 0x30FB) ||
      is_in(0xFF01, 0xFF0F) || is_in(0xFF1A, 0xFF20) || is_in(0xFF3B, 0xFF40) || is_in(0xFF5B, 0xFF65)) {
    return {Beyond::kMark, 3};
  }
  const bool is_unspaced = is_in(0x0E00, 0x0EFF) || is_in(0x1000, 0x109F) || is_in(0x1780, 0x17FF) ||
                           is_in(0x2E80, 0x2FDF) || is_in(0x3005, 0x30FF) || is_in(0x31F0, 0x31FF) ||
                           is_in(0x3400, 0x4DBF) || is_in(0x4E00, 0x9FFF) || is_in(0xF900, 0xFAFF) ||
                           is_in(0xFF66, 0xFF9F);
  return {is_unspaced ? Beyond::kUnspaced : Beyond::kLetter, 3};
}

}  // namespace fw::dataset

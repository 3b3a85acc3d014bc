#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fw::dataset {

/// What stands at a place of a text beyond ASCII, for readers that tell words by the spaces between them.
enum class Beyond : std::uint8_t {
  kLetter,    ///< letter, digit or accent of a script with spaces, or a byte of no character
  kUnspaced,  ///< of a script without spaces between words (Chinese, Japanese, Thai, Lao, Burmese, Khmer): by itself a
              ///< word here, so that runs of words are runs of characters
  kMark,      ///< punctuation, symbol (pictographs too), space, or what nobody sees
};

struct Character {
  Beyond kind = Beyond::kLetter;
  std::size_t bytes = 1;  ///< of the text that it takes
};

/// `text[at]` is a byte of 0x80 or above. Unicode's general categories and blocks.
[[nodiscard]] Character beyond_ascii(std::string_view text, std::size_t at);

}  // namespace fw::dataset

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fw {

/// The text in Unicode's NFC with full case folding (Unicode 15, 3.13): texts that differ only in composition or letter
/// case become equal. Bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string folded(std::string_view text);

/// The words of the folded text by UAX #29, with ICU's dictionaries for scripts that put no space between words
/// (Chinese, Japanese, Thai, Khmer, Lao, Burmese). White space, punctuation and pictographs are no words. The file
/// behind this is the only one that sees ICU.
[[nodiscard]] std::vector<std::string> unicode_words(std::string_view text);

}  // namespace fw

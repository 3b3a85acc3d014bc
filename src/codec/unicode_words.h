#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fw {

/// The text in Unicode's NFC with full case folding (Unicode 15, 3.13): texts that differ only in composition or letter
/// case become equal. Bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string folded(std::string_view text);

/// As `folded`, also for texts that differ in the width or form of a letter, or in characters that nobody sees
/// (Unicode's NFKC_Casefold, which takes those out; every blank that is no plain one becomes plain).
[[nodiscard]] std::string folded_as_seen(std::string_view text);

/// Whether a character is in it that takes no room, turns the direction of writing, or is a blank other than U+0020:
/// controls, format characters, joiners, fillers, variation selectors, what is unassigned or no UTF-8.
[[nodiscard]] bool has_unseen(std::string_view text);

/// The words of the folded text by UAX #29, with ICU's dictionaries for scripts that put no space between words
/// (Chinese, Japanese, Thai, Khmer, Lao, Burmese). White space, punctuation and pictographs are no words. The file
/// behind this is the only one that sees ICU.
[[nodiscard]] std::vector<std::string> unicode_words(std::string_view text);

}  // namespace fw

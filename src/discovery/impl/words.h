#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace fw::discovery {

/// A word of a text with the white space behind it; all words of a text one after another are the text.
struct Word {
  std::string_view raw;
  std::uint32_t masked = 0;  ///< hash of the word, whatever its letters' case; kSlot where its look says that it varies
};

inline constexpr std::uint32_t kSlot = 1;

/// The words of a text; white space before the first belongs to it. Slots by their look: what holds a digit or an `@`,
/// URLs, names of months and of days of the week.
[[nodiscard]] std::vector<Word> words_of(std::string_view text);

}  // namespace fw::discovery

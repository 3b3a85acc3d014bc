#pragma once

#include <cstdint>
#include <string_view>

namespace fw::dataset {

/// About how many tokens a byte-level BPE vocabulary makes of a text, plus 20 % (integer division). Letters: one token
/// per word and one more for every 5 letters after the 6th; digits: one per 3; punctuation: one per two; a line break:
/// one; a character beyond ASCII: one. No vocabulary is needed; README.md has the comparison with a real one.
[[nodiscard]] std::uint64_t estimate_tokens(std::string_view text);

}  // namespace fw::dataset

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fw::evals {

/// Text as the SQuAD scores see it (Rajpurkar et al. 2016): lower case (Unicode, as Python lower-cases), without ASCII
/// punctuation, without the words a, an, the, white space collapsed to single spaces. Invalid UTF-8 is kept byte by
/// byte.
[[nodiscard]] std::string squad_normalized(std::string_view text);

/// The words of squad_normalized(text).
[[nodiscard]] std::vector<std::string> squad_words(std::string_view text);

}  // namespace fw::evals

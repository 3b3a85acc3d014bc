#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fw::evals {

/// Harmonic mean of precision and recall over the words of squad_words, counted with multiplicity. Where a side has no
/// words: 1 when both have none, else 0.
[[nodiscard]] double token_f1(std::string_view reference, std::string_view candidate);
/// The same over words that were split otherwise.
[[nodiscard]] double token_f1(const std::vector<std::string>& reference, const std::vector<std::string>& candidate);

}  // namespace fw::evals

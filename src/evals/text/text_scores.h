#pragma once

#include <string_view>

#include "base/result.h"

namespace fw::evals {

// Scores of a text against a reference, in every script. Texts that are both ASCII are split into words as the
// libraries that define these scores do (rouge.h, squad_text.h), so that figures can be compared with others'; where a
// side has other letters, both are split by Unicode's rules (unicode_words.h). Each in [0, 1]; texts of equal bytes
// score 1.

/// F-measure of the longest common subsequence of words; ASCII words are stemmed. kTooLarge for very long texts.
[[nodiscard]] Result<double> rouge_l_score(std::string_view reference, std::string_view candidate);
/// Harmonic mean of precision and recall over the words, articles of English aside.
[[nodiscard]] Result<double> token_f1_score(std::string_view reference, std::string_view candidate);
/// 1 when the words are the same, articles of English aside, else 0.
[[nodiscard]] Result<double> exact_match_score(std::string_view reference, std::string_view candidate);

}  // namespace fw::evals

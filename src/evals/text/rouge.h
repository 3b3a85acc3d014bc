#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fw::evals {

/// Overlap of two texts; each in [0, 1]. `f` is the harmonic mean.
struct RougeScore {
  double precision = 0;
  double recall = 0;
  double f = 0;
};

/// Rouge scores (Lin 2004) as Google's `rouge_score` computes them: text is lower-cased, everything but a-z and 0-9
/// separates tokens, tokens of more than three letters are stemmed when asked for.
[[nodiscard]] std::vector<std::string> rouge_tokens(std::string_view text, bool stem);

/// n-gram overlap, n >= 1; a repeated n-gram counts as often as both sides have it.
[[nodiscard]] RougeScore rouge_n(const std::vector<std::string>& reference, const std::vector<std::string>& candidate,
                                 int n);

/// Longest common subsequence. Bit-parallel: |reference| * |candidate| / 64 steps; kTooLarge above 10^9 pairs of
/// tokens.
[[nodiscard]] Result<RougeScore> rouge_l(const std::vector<std::string>& reference,
                                         const std::vector<std::string>& candidate);

/// Summary-level longest common subsequence over the lines of both texts. kTooLarge above 64 million cells.
[[nodiscard]] Result<RougeScore> rouge_l_sum(std::string_view reference, std::string_view candidate, bool stem);

/// F-measure of rouge_l over stemmed tokens: the score `rouge_l` of an evaluation row.
[[nodiscard]] Result<double> rouge_l_f(std::string_view reference, std::string_view candidate);

}  // namespace fw::evals

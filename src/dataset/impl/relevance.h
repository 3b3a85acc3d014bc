#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dataset/builder.h"

namespace fw::dataset {

/// Texts by position, the best first.
using Nearest = std::vector<std::uint32_t>;

/// The positions of the `count` highest scores. Scores are rounded to six places, so that no machine's arithmetic
/// changes an order; equal ones come in their own.
[[nodiscard]] Nearest best_of(const std::vector<double>& scores, std::size_t count);

/// Finds those texts of a set that have the most to do with another one. The whole set is looked at: exact, linear in
/// its size.
class Relevance {
 public:
  virtual ~Relevance() = default;
  virtual void add(std::string_view text) = 0;
  /// After the last add(), before the first nearest(). Errors of what is asked for vectors.
  [[nodiscard]] virtual Status finish() = 0;
  /// For each text at most `count` of the set.
  [[nodiscard]] virtual Result<std::vector<Nearest>> nearest(std::span<const std::string> texts, std::size_t count) = 0;
  /// Texts, of the set and others, of which only the beginning was looked at.
  [[nodiscard]] virtual std::uint64_t cut_texts() const { return 0; }
};

/// Okapi BM25 (Robertson et al. 1994; k1 1.2, b 0.75) over the words of every script (codec/unicode_words.h). Texts
/// that share no word have nothing to do with one another, and come last.
[[nodiscard]] std::unique_ptr<Relevance> lexical_relevance();

/// Cosine of the vectors that `embed` gives; kDataLoss where it gives none, or of different lengths.
[[nodiscard]] std::unique_ptr<Relevance> embedded_relevance(Embed embed);

}  // namespace fw::dataset

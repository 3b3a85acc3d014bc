#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "dataset/card.h"
#include "dataset/impl/near_duplicate.h"
#include "dataset/impl/row_text.h"

namespace fw::dataset {

/// Looks for what evaluation rows have in common with the rows of training and validation: nearly equal requests, and
/// rows that hold an evaluation row's answer. The evaluation rows come first. Memory as NearDuplicates.
class LeakSearch {
 public:
  /// `rows`: of all sides.
  LeakSearch(double threshold, std::size_t rows);

  void add_evaluation(const RowText& text);
  void add_training(const RowText& text);

  /// The rows that are near-duplicates, and those less alike but worth a look; `text` and `other` count the rows as
  /// they were added.
  [[nodiscard]] std::vector<NearDuplicates::Pair> requests() const {
    return requests_.pairs(std::min(threshold_, kWorthALook));
  }
  /// The rows that hold an evaluation row's answer whole.
  [[nodiscard]] std::vector<NearDuplicates::Pair> answers() const { return answers_.pairs(1); }
  [[nodiscard]] bool is_near(const NearDuplicates::Pair& pair) const { return pair.likeness >= threshold_; }

 private:
  static constexpr double kWorthALook = 0.4;

  double threshold_;
  NearDuplicates requests_;
  NearDuplicates answers_;
};

inline constexpr std::size_t kShownPairs = 5;  ///< of a kind, in a report

/// As much of a text as a report shows.
[[nodiscard]] std::string beginning_of(const std::string& text);

/// How many texts of the set the pairs name.
[[nodiscard]] std::uint64_t texts_in(std::span<const NearDuplicates::Pair> pairs);

/// The pairs with the greatest likeness, `count` at most, of equals in their order.
[[nodiscard]] std::vector<NearDuplicates::Pair> most_alike(std::vector<NearDuplicates::Pair> pairs, std::size_t count);

}  // namespace fw::dataset

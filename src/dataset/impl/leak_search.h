#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "dataset/card.h"
#include "dataset/impl/near_duplicate.h"
#include "dataset/impl/row_text.h"

namespace fw::dataset {

/// How many rows give an answer. One that three rows give is how the workload answers (a closing phrase, a call without
/// arguments of its own); a rarer one is its row's own.
class GivenAnswers {
 public:
  void add(std::uint64_t answer) { ++times_[answer]; }
  [[nodiscard]] bool is_usual(std::uint64_t answer) const {
    const auto found = times_.find(answer);
    return found != times_.end() && found->second >= kUsual;
  }

 private:
  static constexpr std::uint32_t kUsual = 3;

  std::unordered_map<std::uint64_t, std::uint32_t> times_;
};

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

/// Puts the pairs of rows with an answer of their own in front, and gives these.
template <class IsOwn>
[[nodiscard]] std::span<const NearDuplicates::Pair> own_first(std::vector<NearDuplicates::Pair>& answers,
                                                              IsOwn is_own) {
  const auto others =
      std::ranges::stable_partition(answers, [&](const NearDuplicates::Pair& pair) { return is_own(pair.text); });
  return {answers.begin(), others.begin()};
}

/// The pairs with the greatest likeness, `count` at most, of equals in their order.
[[nodiscard]] std::vector<NearDuplicates::Pair> most_alike(std::vector<NearDuplicates::Pair> pairs, std::size_t count);

}  // namespace fw::dataset

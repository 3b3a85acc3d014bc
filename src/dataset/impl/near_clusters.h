#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "dataset/impl/near_duplicate.h"

namespace fw::dataset {

/// What is kept of a text to tell how alike two are: the smallest hashes of its runs of three words, and of its names
/// (words with a digit).
struct TextSketch {
  std::vector<std::uint64_t> runs;   ///< ascending, kMostRuns at most
  std::vector<std::uint64_t> names;  ///< ascending
  std::uint64_t cut = UINT64_MAX;    ///< runs with hashes up to here are all in `runs`
};

/// Safe to call on all cores.
[[nodiscard]] TextSketch sketch_of(const TurnsWords& words);

/// Finds among many texts the groups of near-duplicates, by the measure of NearDuplicates: Jaccard of the runs that are
/// no frame (more than a tenth of the texts hold them, 20 at least), numbers and ids as like, and the context too.
/// Pairs come from min-hashing: of two texts as like as 0.8, one of the four smallest hashes of either is among those
/// of the other but in two of a thousand cases; each pair is then compared by its sketches, which is exact for texts of
/// up to 128 runs and else an estimate (bottom-k sketch: Cohen and Kaplan 2007). Memory: about 1 KB a text, kMostTexts
/// at most. Not thread-safe.
class NearClusters {
 public:
  static constexpr std::size_t kMostTexts = 200'000;

  /// Texts are numbered as they come; those beyond kMostTexts are not looked at. `context` is a hash of what is given
  /// as context, with its runs where it comes for the first time.
  void add(TextSketch sketch, std::uint64_t context, std::span<const std::uint64_t> context_runs);

  /// Groups of two texts and more of those that `is_left` says, the largest first, of equals the one with the smallest
  /// number; the texts of each ascending.
  template <class IsLeft>
  [[nodiscard]] std::vector<std::vector<std::uint32_t>> find(double threshold, IsLeft is_left) const {
    std::vector<std::uint32_t> left;
    for (std::uint32_t i = 0; i < texts_.size(); ++i) {
      if (is_left(i)) left.push_back(i);
    }
    return clusters_of(left, threshold);
  }

 private:
  struct Text {
    TextSketch sketch;
    std::uint32_t context = 0;
  };

  [[nodiscard]] std::vector<std::vector<std::uint32_t>> clusters_of(const std::vector<std::uint32_t>& left,
                                                                    double threshold) const;

  std::vector<Text> texts_;
  std::vector<TextSketch> contexts_;
  std::unordered_map<std::uint64_t, std::uint32_t> context_numbers_;
};

}  // namespace fw::dataset

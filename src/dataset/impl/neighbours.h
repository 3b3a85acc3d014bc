#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace fw::dataset {

/// What a row asks and how it is answered.
struct Asked {
  std::uint64_t place = 0;                 ///< of the conversation: only rows of one place are compared
  std::span<const std::uint32_t> words{};  ///< of the last user message, each once, ascending
  std::uint32_t answer = 0;                ///< equal for equal ones
};

/// Tells answers that disagree with those of the rows whose messages are most alike, by BM25 over their words (k1 1.2,
/// b 0.75; words that half of a place's rows hold tell nothing). Such a row has 15 neighbours, the middle one of which
/// scores half at least of what the row itself does; at most two of them are answered as it is, and four times as many,
/// six at least, in one other way. An answer that 15 rows of the place do not have is rare, not wrong. Of a place with
/// more than 5,000 rows every second, third, ... is compared with, so that a row costs the same however many there are.
class Neighbours final {
 public:
  static constexpr std::size_t kCount = 15;
  static constexpr std::size_t kMostCompared = 5'000;  ///< rows of a place

  /// What the rows point at must outlive it.
  explicit Neighbours(std::vector<Asked> rows);

  struct Disagreement {
    std::size_t alike = 0;     ///< neighbours that are answered as the row
    std::size_t usual = 0;     ///< that have the most frequent answer
    std::uint32_t answer = 0;  ///< that one
  };
  /// Of any row; `self` is its position where it is one of the set. Any thread.
  [[nodiscard]] std::optional<Disagreement> judge(const Asked& row, std::optional<std::size_t> self) const;

 private:
  struct Place {
    std::size_t step = 0;  ///< every such row of it is in `rows`
    std::size_t seen = 0;
    std::vector<std::size_t> rows;
    std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> holders;  // by word: numbers in `rows`
    std::unordered_map<std::uint32_t, std::size_t> answers;
    double mean_words = 0;
  };
  [[nodiscard]] static double weight(const Place& place, std::size_t holding, std::size_t words);
  [[nodiscard]] std::vector<double> scores(const Place& place, const Asked& row) const;

  std::vector<Asked> rows_;
  std::unordered_map<std::uint64_t, Place> places_;
};

}  // namespace fw::dataset

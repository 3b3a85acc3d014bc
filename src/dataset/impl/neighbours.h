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
  bool is_call = true;                     ///< false: a text, of which words say little
};

/// Compares a row's answer with those of the rows of its place whose messages are most alike, by BM25 over their words
/// (k1 1.2, b 0.75; words that half of a place's rows hold tell nothing). Of a place with more than 5,000 rows every
/// second, third, ... is compared with, so that a row costs the same however many there are.
class Neighbours final {
 public:
  static constexpr std::size_t kCount = 15;
  static constexpr std::size_t kNearest = 5;           ///< of whom it is told how many answer alike
  static constexpr std::size_t kMostCompared = 5'000;  ///< rows of a place

  /// What the rows point at must outlive it.
  explicit Neighbours(std::vector<Asked> rows);

  struct Disagreement {
    std::size_t alike = 0;     ///< neighbours that are answered as the row
    std::size_t usual = 0;     ///< that have the most frequent answer
    std::uint32_t answer = 0;  ///< that one
  };
  struct Opinion {
    std::size_t nearest = 0;  ///< of the kNearest neighbours that call, if the row does; 0: it is not compared
    std::size_t agreeing = 0;
    double chance = 0;  ///< share of the place's other calls that are as the row's: what any neighbour would give
    std::optional<std::uint32_t> voted;  ///< the answer that its 15 neighbours give by their likeness
    /// The middle one of 15 neighbours scores half at least of what the row itself does; at most two of them are
    /// answered as it is, and four times as many, six at least, in one other way.
    std::optional<Disagreement> like_ones;
    /// However far the neighbours are: a tenth of their votes at most is for the row's answer, nine in twenty for one
    /// other, and by the words of all rows (naive Bayes) that one is the likeliest too, a million times as likely.
    /// Worth no more than words are for the two answers (is_told() of both).
    std::optional<Disagreement> all_words;
  };
  /// Of any row; `self` is its position where it is one of the set. An answer that 15 rows of the place do not have is
  /// rare, not wrong. Any thread.
  [[nodiscard]] Opinion judge(const Asked& row, std::optional<std::size_t> self) const;

 private:
  struct Place {
    std::size_t step = 0;  ///< every such row of it is in `rows`
    std::size_t seen = 0;
    std::size_t calls = 0;
    std::vector<std::size_t> rows;
    std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> holders;  // by word: numbers in `rows`
    std::unordered_map<std::uint32_t, std::size_t> answers;
    std::unordered_map<std::uint32_t, std::size_t> words;  // by answer: all that its rows have
    double mean_words = 0;
  };
  struct Nearest {
    std::vector<std::uint32_t> rows;  ///< numbers in Place::rows, the nearest first
    std::vector<double> scores;       ///< theirs
  };
  [[nodiscard]] static double weight(const Place& place, std::size_t holding, std::size_t words);
  [[nodiscard]] Nearest nearest(const Place& place, const Asked& row, std::optional<std::size_t> self) const;
  [[nodiscard]] static double own_score(const Place& place, const Asked& row);
  [[nodiscard]] bool is_likelier(const Place& place, const Asked& row, bool is_in, std::uint32_t other) const;
  void count_nearest(const Place& place, const Asked& row, bool is_in, const Nearest& nearest, Opinion& opinion) const;

  std::vector<Asked> rows_;
  std::size_t answers_ = 0;  ///< different ones at most
  std::unordered_map<std::uint64_t, Place> places_;
};

}  // namespace fw::dataset

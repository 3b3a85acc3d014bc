#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "dataset/impl/near_duplicate.h"

namespace fw::dataset {

/// Finds which rows hold a text of a set whole, among other words: by its runs of three words, without those that more
/// than `frame` rows hold. What many rows show alike (system messages, tools) is given once as a part, and counts for
/// every row that has it.
///
/// Memory: some 80 bytes a run of the set, 60 bytes a distinct part, and of rows and parts what they share with the
/// set: at most `frame` mentions a run. Of a text with more than 4,096 runs those with the smallest hashes stand for
/// all. Not thread-safe, but for find_part() before finish().
class HeldTexts final {
 public:
  /// Texts with fewer runs than `fewest` that are no frame say too little.
  HeldTexts(std::size_t frame, std::uint32_t fewest) : frame_(frame), fewest_(fewest) {}

  /// A text of the set, by its runs (ascending); several may be of one row. All of them come before the first part.
  void add(std::uint32_t row, std::span<const std::uint64_t> runs);

  /// A part is known by the hash of its bytes; its runs may be in any order.
  [[nodiscard]] std::optional<std::uint32_t> find_part(std::uint64_t hash) const;
  std::uint32_t add_part(std::uint64_t hash, std::span<const std::uint64_t> runs);

  /// The next row: runs of its own (ascending), and its parts.
  void compare(std::span<const std::uint64_t> runs, std::span<const std::uint32_t> parts);

  /// After all rows, once.
  void finish();
  /// `text` is the row of the set: a text of it has this share of its runs in the other row, at least. In order of
  /// `other`, then `text`; each once, with the greatest share.
  [[nodiscard]] std::vector<NearDuplicates::Pair> pairs(double least) const;
  [[nodiscard]] std::size_t indexed_runs() const { return runs_.size(); }
  /// Whether so many of the text's runs are no frame that it is looked for; texts as they came.
  [[nodiscard]] bool is_looked_for(std::uint32_t text) const { return texts_[text].runs >= fewest_; }

 private:
  struct Holders {
    std::uint32_t count = 0;           // rows, of the set and others
    std::vector<std::uint32_t> texts;  // of the set, as long as they are no more than the frame
  };
  struct Text {
    std::uint32_t row = 0;
    std::uint32_t runs = 0;  // without the frame
  };
  struct Part {
    std::uint32_t rows = 0;
    std::vector<Holders*> held;
  };
  struct Row {
    std::uint32_t number = 0;
    std::vector<Holders*> held;
    std::vector<std::uint32_t> parts;
  };

  std::size_t frame_;
  std::uint32_t fewest_;
  std::vector<Text> texts_;
  std::vector<Part> parts_;
  std::vector<Row> rows_;  // those that share a run with the set
  std::uint32_t seen_ = 0;
  std::unordered_map<std::uint64_t, std::uint32_t> part_numbers_;
  std::unordered_map<std::uint64_t, Holders> runs_;
};

}  // namespace fw::dataset

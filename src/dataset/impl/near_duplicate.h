#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dataset/impl/prompts.h"

namespace fw::dataset {

/// The turns of a row as they are compared (impl/comparison_words.h).
struct TurnsWords {
  std::uint64_t all = 0;             ///< hash of the words in their order
  std::vector<std::uint64_t> runs;   ///< of three words; ascending
  std::vector<std::uint64_t> names;  ///< words with a digit; ascending
};
/// Any thread.
[[nodiscard]] TurnsWords turns_words(std::string_view text);

/// Finds which of many rows are nearly those of a set, by the runs of three words that their turns have in common;
/// letter case and punctuation do not count. Exact: every pair that shares a run is looked at.
///
/// Runs that more than `frame` rows hold, of both kinds together, are the frame that prompts have in common and do not
/// count. Where a row of either side names numbers or ids, a pair must agree in these too: "where is order 4711" and
/// "... 4712" are one wording, not one question. And the system messages must be as like (impl/prompts.h): a
/// document in them is the matter, another task is another row, another day is not. Turns that are nothing but frame,
/// as one question that many ask, are alike where they are the same words; so are such rows' system messages where they
/// are nothing but frame, but for their dates: rows that are equal so form groups.
///
/// Memory: some 80 bytes a run of the set's turns, and of the others what they share with them: at most `frame`
/// mentions a run; system messages as Prompts. Of turns with more than 32,768 runs those with the smallest hashes stand
/// for all (bottom-k sketch). Not thread-safe, but for what is const before pairs().
class NearDuplicates final {
 public:
  struct Pair {
    std::uint32_t text = 0;   ///< of the set
    std::uint32_t other = 0;  ///< of those that were compared
    double likeness = 0;      ///< 0 to 1
  };
  /// Rows that are equal, each with each.
  struct Group {
    std::vector<std::uint32_t> texts;   ///< of the set; ascending
    std::vector<std::uint32_t> others;  ///< ascending
  };

  explicit NearDuplicates(std::size_t frame) : frame_(frame), prompts_(frame) {}

  /// How many texts may share a run before it is the frame, of `texts` texts in all.
  [[nodiscard]] static std::size_t frame_of(std::size_t texts);

  [[nodiscard]] Prompts& prompts() { return prompts_; }
  [[nodiscard]] const Prompts& prompts() const { return prompts_; }

  /// A row of the set, and the number of its system message. All of them come before the first compare().
  void add(TurnsWords turns, std::uint32_t prompt);
  void compare(TurnsWords turns, std::uint32_t prompt);
  void add(std::string_view turns, std::string_view prompt = {});
  void compare(std::string_view turns, std::string_view prompt = {});

  /// After all rows, once.
  void finish();
  /// Of a row of the set, the runs that are no frame.
  [[nodiscard]] std::uint32_t own_runs(std::uint32_t text) const { return texts_[text].runs; }
  /// All pairs that are as like as `least` (above 0) and in no group, in order of `other`, then `text`.
  [[nodiscard]] std::vector<Pair> pairs(double least) const;
  /// Those with rows of both kinds, by their first text.
  [[nodiscard]] std::vector<Group> groups() const;

 private:
  struct Holders {
    std::uint32_t count = 0;           // rows of both kinds
    std::vector<std::uint32_t> texts;  // of the set, as long as they are no more than the frame
  };
  struct Row {
    std::uint32_t number = 0;
    std::uint32_t runs = 0;  // without those that were the frame already; once finished without the frame
    std::uint32_t prompt = 0;
    std::uint64_t all = 0;
    std::vector<std::uint64_t> names;
    std::vector<const Holders*> held;  // runs that the set has
  };
  [[nodiscard]] Row row_of(TurnsWords turns, std::uint32_t prompt, bool is_of_set);
  void look_into(const Row& other, std::vector<std::uint32_t>& common, double least, std::vector<Pair>& pairs) const;
  /// 0 where it is less than `least`.
  [[nodiscard]] double likeness(const Row& text, const Row& other, std::uint32_t common, double least) const;

  std::size_t frame_;
  Prompts prompts_;
  std::vector<Row> texts_;
  std::uint32_t others_ = 0;
  std::vector<Row> compared_;  // those that may be like one of the set
  std::unordered_map<std::uint64_t, Holders> runs_;
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> framed_;  // rows of the set that are nothing but frame,
                                                                          // by their words and system message
};

}  // namespace fw::dataset

#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fw::dataset {

/// Of its words, as NearDuplicates tells them: letter case, punctuation and white space do not count.
[[nodiscard]] std::uint64_t hash_of_words(std::string_view text);

/// The hashes of its runs of three words, and of its words with a digit (64 at most); ascending, each once.
void runs_and_names(std::string_view text, std::vector<std::uint64_t>& runs, std::vector<std::uint64_t>& names);

/// Finds which of many texts are nearly those of a set, or hold one of them, by the runs of three words that they have
/// in common; letter case and punctuation do not count. Exact: every pair that shares a run is looked at.
///
/// Runs that more than `frame` texts hold, of both kinds together, are the frame that prompts have in common and do not
/// count. Where a text of either side names numbers or ids, a pair must agree in these too: "where is order 4711" and
/// "... 4712" are one wording, not one question. Nor is the same said under another system message: what
/// is given as context must be alike too, estimated for long ones by the 32 runs of the smallest hashes (bottom-k
/// sketch: Cohen and Kaplan 2007).
///
/// Memory: some 80 bytes a run of the set's texts, and of the others what they share with them: at most `frame`
/// mentions a run. Not thread-safe.
class NearDuplicates {
 public:
  enum class Measure {
    kJaccard,  ///< common runs of all runs of both texts
    kHeld,     ///< common runs of all runs of the set's text, which has five at least; numbers do not matter
  };
  struct Pair {
    std::uint32_t text = 0;   ///< of the set
    std::uint32_t other = 0;  ///< of those that were compared
    double likeness = 0;      ///< 0 to 1
  };

  NearDuplicates(Measure measure, std::size_t frame) : measure_(measure), frame_(frame) {}

  /// How many texts may share a run before it is the frame, of `texts` texts in all.
  [[nodiscard]] static std::size_t frame_of(std::size_t texts);

  /// A text of the set. All of them come before the first compare().
  void add(std::string_view text, std::string_view context = {});
  void compare(std::string_view text, std::string_view context = {});
  /// All pairs that are as like as `least` (above 0), in order of `other`, then `text`.
  [[nodiscard]] std::vector<Pair> pairs(double least) const;

 private:
  struct Holders {
    std::uint32_t count = 0;           // texts of both kinds
    std::vector<std::uint32_t> texts;  // of the set
  };
  struct Text {
    std::uint32_t runs = 0;
    std::vector<std::uint64_t> names;  // words with a digit, ascending
    std::uint32_t context = 0;
  };
  struct Compared {
    std::uint32_t number = 0;
    std::uint32_t runs = 0;  // without those that were the frame already
    std::vector<const Holders*> in_common;
    std::vector<std::uint64_t> names;
    std::uint32_t context = 0;
  };
  /// The number of its sketch: contexts come again and again.
  [[nodiscard]] std::uint32_t context_of(std::string_view context);
  [[nodiscard]] double likeness(const Text& text, std::uint32_t text_runs, const Compared& other,
                                std::uint32_t other_runs, std::uint32_t common) const;

  Measure measure_;
  std::size_t frame_;
  std::vector<Text> texts_;
  std::uint32_t others_ = 0;
  std::vector<Compared> compared_;  // those that share a run with the set
  std::unordered_map<std::uint64_t, Holders> runs_;
  std::vector<std::vector<std::uint64_t>> contexts_;  // sketches, ascending
  std::unordered_map<std::uint64_t, std::uint32_t> context_numbers_;
};

}  // namespace fw::dataset

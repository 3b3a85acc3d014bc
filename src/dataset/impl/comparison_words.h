#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fw::dataset {

/// A text without what does not count when texts are compared, for readers that tell words themselves: letter case,
/// composition and width of letters fold (Unicode's NFKC_Casefold), soft hyphens and what takes no room fall away,
/// every blank is a plain one. Lines stay. ASCII takes a short way.
[[nodiscard]] std::string folded_for_comparison(std::string_view text);

/// The words of a text as texts are compared by: hashes, in their order. Runs of letters, digits and accents; where a
/// script has no spaces, each character. Folded as above; punctuation, symbols and pictographs part words and are none,
/// but a text of nothing else is one word. What JSON writes with a backslash (`\n`, `\u00e9`) counts as what it means.
struct ComparisonWords {
  std::vector<std::uint64_t> words;
  std::vector<std::uint64_t> names;  ///< those with a digit (numbers, ids): ascending, each once
};
[[nodiscard]] ComparisonWords comparison_words(std::string_view text);

/// The hashes of the runs of three words; a text of one or two is one run. Ascending, each once.
[[nodiscard]] std::vector<std::uint64_t> runs_of(const std::vector<std::uint64_t>& words);
/// The same as they come, some more than once.
[[nodiscard]] std::vector<std::uint64_t> unsorted_runs_of(const std::vector<std::uint64_t>& words);

/// Of the words in their order; 0 for none.
[[nodiscard]] std::uint64_t hash_of(const std::vector<std::uint64_t>& words);

/// The same of a text.
[[nodiscard]] inline std::uint64_t hash_of_words(std::string_view text) {
  return hash_of(comparison_words(text).words);
}

void sort_once(std::vector<std::uint64_t>& hashes);

}  // namespace fw::dataset

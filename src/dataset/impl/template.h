#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "async/deadline.h"
#include "base/result.h"

namespace fw::dataset {

/// A text with its slots masked by what they look like: tokens with a digit (numbers, ids, dates, times), e-mail
/// addresses, URLs, quoted strings (where anything else is said). Letter case, white space and punctuation do not
/// count. The same whatever the answer.
struct MaskedText {
  std::uint64_t hash = 0;
  std::uint32_t words = 0;               ///< tokens that are no slots
  std::vector<std::uint32_t> tokens;     ///< hashes, kSlotToken for slots; empty when there are more than kMaxTokens
  std::vector<std::uint64_t> named_ids;  ///< hashes of ids that it names: letters and digits, or nine digits; at most 8
};

inline constexpr std::uint32_t kSlotToken = 1;
inline constexpr std::size_t kMaxTokens = 48;

/// Reads the first 8 KiB.
[[nodiscard]] MaskedText mask_text(std::string_view text);

/// Which template each masked text belongs to, where slots hold words too (names of places, things, people), which only
/// many texts together show: a run of up to six tokens is a slot where at least three different ones stand between the
/// same tokens, three of them words and no fewer than the run has (between two words: six different ones of up to three
/// tokens). Done twice, so a text may have two such slots. Keys are `hash`es; a text that shares its words with no
/// other keeps its hash. Independent of order. Looks at 100,000 texts at most, those of the smallest hashes.
class Templates {
 public:
  /// `tokens` are kept only for hashes that are new.
  void add(std::uint64_t hash, std::span<const std::uint32_t> tokens);
  /// Once, after all texts. Error: the deadline's, within a few milliseconds.
  [[nodiscard]] Status resolve(const Deadline& deadline);
  [[nodiscard]] std::uint64_t of(std::uint64_t hash) const;

 private:
  struct Text {
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
    std::uint64_t result = 0;
  };
  /// Whether any text became another.
  Result<bool> merge_once(const Deadline& deadline);

  std::unordered_map<std::uint64_t, Text> texts_;
  std::vector<std::uint32_t> tokens_;
};

}  // namespace fw::dataset

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fw::dataset {

/// A system message as it is compared: without dates and times.
struct PromptWords {
  std::uint64_t key = 0;             ///< of its words
  std::vector<std::uint64_t> runs;   ///< of three words; ascending
  std::vector<std::uint64_t> words;  ///< those without a digit; the 32 smallest hashes
};
/// Any thread.
[[nodiscard]] PromptWords prompt_words(std::string_view text);

/// The system messages of rows, each distinct one kept once: how alike two of them are, as far as that is for what they
/// say of their own. Runs of words that more than `frame` rows have are what the application says to all.
///
/// Memory: some 80 bytes a run of the set's messages; of the others 300 bytes a distinct message, and what they share
/// with the set's that is no frame. Not thread-safe, but for what is const before finish().
class Prompts final {
 public:
  explicit Prompts(std::size_t frame) : frame_(frame) {}

  /// The number of the message with this hash of its bytes, if it is known.
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t hash) const;
  /// Makes it known. The set's messages come first.
  std::uint32_t add(std::uint64_t hash, PromptWords words, bool is_of_set);
  /// A row has it.
  void count(std::uint32_t prompt) { ++prompts_[prompt].rows; }

  /// After all rows, once.
  void finish();

  /// So many runs are the message's own.
  [[nodiscard]] std::uint32_t own_runs(std::uint32_t prompt) const { return prompts_[prompt].own; }
  /// Messages of the set that share a run of their own with this one: their numbers, ascending.
  [[nodiscard]] std::vector<std::uint32_t> sharing(std::uint32_t prompt) const;
  /// Whether they may ask for the same: a third of their words in common (the 32 smallest hashes tell: bottom-k
  /// sketch, Cohen and Kaplan 2007), or one of them is empty.
  [[nodiscard]] bool may_be_one(std::uint32_t a, std::uint32_t b) const;
  /// Whether the other has what the set's message has of its own, as far as it counts (see likeness).
  [[nodiscard]] bool is_held(std::uint32_t of_set, std::uint32_t other, std::uint32_t turns, double least) const;
  /// 0 to 1, of one of the set and another. What they have of their own does not count where it is at most half of
  /// what the turns have (`turns` runs): a name, the customer's number. Else it is Jaccard's.
  [[nodiscard]] double likeness(std::uint32_t of_set, std::uint32_t other, std::uint32_t turns) const;

 private:
  struct Holders {
    std::uint32_t known = 0;             // messages
    std::uint64_t rows = 0;              // that have them
    std::vector<std::uint32_t> prompts;  // of the set
  };
  struct Prompt {
    std::uint32_t rows = 0;
    std::uint32_t runs = 0;  // without those that were frame already
    std::uint32_t own = 0;
    std::vector<std::uint64_t> words;
    std::vector<Holders*> held;  // runs that the set has
  };
  [[nodiscard]] std::uint32_t common(std::uint32_t of_set, std::uint32_t other) const;
  [[nodiscard]] bool is_frame(const Holders& holders) const { return holders.known > frame_ || holders.rows > frame_; }

  std::size_t frame_;
  std::vector<Prompt> prompts_;
  std::unordered_map<std::uint64_t, std::uint32_t> by_bytes_;
  std::unordered_map<std::uint64_t, std::uint32_t> by_words_;
  std::unordered_map<std::uint64_t, Holders> runs_;
};

}  // namespace fw::dataset

#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataset/impl/rows.h"
#include "dataset/settings.h"

namespace fw::dataset {

/// What stands above the examples in a prompt.
inline constexpr std::string_view kExamplesHeading = "Earlier requests and how they were answered:";

/// A training row as an example: its messages as `role: content` paragraphs, its answer, its calls as indented JSON.
struct Example {
  std::string label;
  std::string system;  ///< its system messages, left out where the prompt's own say the same
  std::string turns;
  std::uint64_t tokens = 0;  ///< estimate of both
  std::size_t row = 0;       ///< whatever number whoever adds it gives it
};

[[nodiscard]] Example example_of(const Exchange& exchange, std::string label);

/// Chooses the examples for every prompt out of all training rows, of which it keeps a few: `max_examples` places
/// spread evenly over the classes, the most frequent first (they get what does not divide); in each class the shortest;
/// then in turn one of each class. All prompts get a beginning of this one list, so that an engine that keeps a common
/// prefix computes it once.
class ExampleChooser {
 public:
  explicit ExampleChooser(std::uint64_t max_examples) : max_examples_(max_examples) {}

  void add(Example example);
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  /// In the order in which they are added to a prompt.
  [[nodiscard]] std::vector<Example> choose() const;

 private:
  struct Class {
    std::uint64_t rows = 0;
    std::vector<Example> shortest;  ///< at most max_examples_, in order
  };
  std::uint64_t max_examples_;
  std::uint64_t rows_ = 0;
  std::map<std::string, Class> classes_;
};

/// Puts examples in front of the system message, as many as fit into max_context_length - reserved_tokens beside the
/// row: uniform ones up to the first that does not (a common beginning), of similar ones all that do. Returns how many.
std::size_t add_examples(Json& evaluation_row, std::span<const Example* const> examples, const IclSettings& settings);

}  // namespace fw::dataset

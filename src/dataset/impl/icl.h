#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dataset/impl/rows.h"
#include "dataset/settings.h"

namespace fw::dataset {

/// A training row as an example: its messages as `role: content` paragraphs, its answer, its calls as indented JSON.
struct Example {
  std::string label;
  std::string system;  ///< its system messages, left out where the prompt's own say the same
  std::string turns;
  std::uint64_t tokens = 0;  ///< estimate of both
};

[[nodiscard]] Example example_of(const Exchange& exchange, std::string label);

/// The examples for every prompt, in the order in which they are added to it: `max_examples` places spread evenly over
/// the classes, the most frequent first (they get what does not divide); in each class the shortest; then in turn one
/// of each class. All prompts get a beginning of this one list, so that an engine that keeps a common prefix computes
/// it once.
[[nodiscard]] std::vector<Example> choose_examples(std::vector<Example> examples, std::uint64_t max_examples);

/// Puts examples in front of the system message, as many as fit into max_context_length - reserved_tokens beside the
/// row, up to the first that does not. Returns how many.
std::size_t add_examples(Json& evaluation_row, std::span<const Example> examples, const IclSettings& settings);

}  // namespace fw::dataset

#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/random.h"
#include "trainer/packing/token_tree.h"

namespace fw::trainer {

/// Indices of all rows, ordered by their tokens: rows with beginnings in common stand side by side, so that cutting the
/// order into batches keeps most of what they share within one.
[[nodiscard]] std::vector<std::size_t> side_by_side(std::span<const TrainingRow* const> rows);

/// Where a batch that begins at row `begin` ends when nothing is learnt of it: at most 64 rows and 4096 tokens behind
/// the `common` beginning of all rows, one row at least. Enough that the beginning, computed anew for each, hardly
/// counts.
[[nodiscard]] std::size_t batch_end(std::span<const TrainingRow* const> rows, std::size_t begin, std::int64_t common);

/// Groups of rows that share at least `shortest_shared` tokens more than all rows do: the turns of one conversation,
/// say, where each row is the beginning of the next. Indices; every row is in one group; in the order of side_by_side.
[[nodiscard]] std::vector<std::vector<std::size_t>> families(std::span<const TrainingRow* const> rows,
                                                             std::int64_t shortest_shared = kShortestSharedBeginning);

/// All rows in a random order in which rows of a family stay together, at most `together` of them: a step computes what
/// they share once, and a step full of one family's rows would learn of nothing else.
[[nodiscard]] std::vector<std::size_t> shuffle_families(const std::vector<std::vector<std::size_t>>& families,
                                                        std::size_t together, Random& random);

}  // namespace fw::trainer

#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace fw::evals {

/// Pairs rows with columns so that the costs of the pairs sum to the least (Kuhn 1955, Munkres 1957): the column of
/// each row, none for rows that are left over where there are more rows than columns. Costs are finite and the rows
/// equally long. O(n^3); of equally cheap pairings the same one every time.
[[nodiscard]] std::vector<std::optional<std::size_t>> cheapest_pairs(const std::vector<std::vector<int>>& costs);

}  // namespace fw::evals

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "base/result.h"

namespace fw::dataset {

/// Rows of a ratio: rounded up in double arithmetic, as scikit-learn does.
[[nodiscard]] std::uint64_t rows_of_ratio(double ratio, std::uint64_t rows);

/// How many rows of each class go to the side that takes `taken` of all rows: what stays gets its exact share rounded
/// down, the classes with the largest remainders one more, ties by lot (scikit-learn's stratified train_test_split; it
/// refuses classes of one row and sides with fewer rows than classes, which are allocated here like all others). Errors
/// where nothing is taken or nothing left.
[[nodiscard]] Result<std::vector<std::uint64_t>> allocate(std::span<const std::uint64_t> counts, std::uint64_t taken,
                                                          Random& random);

/// `taken` parted over cells in proportion to their rows, each rounded up or down by lot, so that every cell gets its
/// share on average and neighbouring cells together theirs to within one.
[[nodiscard]] std::vector<std::uint64_t> part_by_lot(std::span<const std::uint64_t> rows, std::uint64_t taken,
                                                     Random& random);

/// The class that each row is drawn as, numbered from 0: its label, but labels of one row are one class together.
[[nodiscard]] std::vector<std::uint32_t> merge_singles(std::span<const std::uint32_t> labels);

}  // namespace fw::dataset

#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"

namespace fw::dataset {

/// Rows of a ratio: rounded up in double arithmetic, as scikit-learn does.
[[nodiscard]] std::uint64_t rows_of_ratio(double ratio, std::uint64_t rows);

/// How many rows of each class go to the side that takes `taken` of all rows: what stays gets its exact share rounded
/// down, the classes with the largest remainders one more, ties by lot (scikit-learn's stratified train_test_split).
/// Errors where scikit-learn refuses: nothing taken or nothing left, a class of one row, fewer rows on a side than
/// classes.
[[nodiscard]] Result<std::vector<std::uint64_t>> allocate(std::span<const std::uint64_t> counts, std::uint64_t taken,
                                                          Random& random);

using ClassSizes = std::map<std::string, std::uint64_t>;

/// The class that rows of a label are stratified as: a label that one row bears becomes `others`.
[[nodiscard]] std::vector<std::string> merge_singles(std::span<const std::string> labels);
[[nodiscard]] ClassSizes count_classes(std::span<const std::string> classes);

/// Why a draw of `taken` rows cannot be stratified; empty: it can.
[[nodiscard]] std::string why_not_stratified(const ClassSizes& classes, std::uint64_t taken);

}  // namespace fw::dataset

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataset/impl/selection.h"
#include "dataset/impl/split.h"

namespace fw::dataset {

/// Figures of the finished rows that only their writer knows.
struct RowFigures {
  std::uint64_t novel_wordings = 0;          ///< evaluation rows
  std::uint64_t rows_short_of_examples = 0;  ///< in-context rows with fewer than min_examples
  std::uint64_t example_rows = 0;            ///< training rows that examples are drawn from
};

/// The card's notes: plain sentences with figures.
[[nodiscard]] std::vector<std::string> write_notes(const BuildRequest& request, const Selected& selected,
                                                   const Split& split, const Leak& leak, const RowFigures& figures);

/// Measured on what was written, without trust in how it was made.
[[nodiscard]] Leak measure_leak(const std::vector<Row>& rows, const std::vector<Side>& sides);

}  // namespace fw::dataset

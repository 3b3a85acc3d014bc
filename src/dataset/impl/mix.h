#pragma once

#include <span>
#include <vector>

#include "dataset/impl/selection.h"
#include "dataset/impl/split.h"

namespace fw::dataset {

/// The traffic (all valid records of the window) beside every side, by class, answer kind, turn, length of conversation
/// and day.
[[nodiscard]] std::vector<Mix> measure_mix(const Selected& selected, const Survey& survey, const Split& split,
                                           std::span<const double> weights);

}  // namespace fw::dataset

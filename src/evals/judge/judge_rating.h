#pragma once

#include <string_view>

#include "base/result.h"

namespace fw::evals {

/// Reads the rating out of a judge's answer. What counts, in this order: a JSON object's `rating` (or `score`,
/// `similarity`) as number, numeric text or boolean, with any text around the object; a labelled number (`Rating:
/// 8/10`), the last one; the only number in the text (`8 out of 10` is 8, and 10 is 10). A `<think>` block is not read.
/// kDataLoss when there is no rating, several that differ, or one outside [low, high].
[[nodiscard]] Result<double> parse_judge_rating(std::string_view text, double low, double high);

}  // namespace fw::evals

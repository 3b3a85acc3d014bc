#pragma once

#include <cstdint>

#include "runs/run_config.h"

namespace fw::runs {

/// Level of a verdict's one-sided tests, before the adjustment for several evaluations: the 95 % interval's.
inline constexpr double kVerdictAlpha = 0.025;

/// The fewest rows on which a candidate that is always right gets a yes, among `tests` evaluations of one job; all rows
/// independent, production's ceiling taken as 1. The largest number there is when no number of rows would do.
[[nodiscard]] std::uint64_t rows_that_can_decide(const PromisingRule& rule, std::uint64_t tests);

/// The chance of a yes on so many rows for a candidate that is right on this share of the traffic.
[[nodiscard]] double chance_to_decide(const PromisingRule& rule, std::uint64_t tests, std::uint64_t rows,
                                      double share_right);

/// Rows that give such a candidate a yes with this chance; the largest number there is when none do.
[[nodiscard]] std::uint64_t rows_for_chance(const PromisingRule& rule, std::uint64_t tests, double share_right,
                                            double chance);

}  // namespace fw::runs

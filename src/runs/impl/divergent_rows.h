#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "runs/impl/ranking.h"
#include "runs/report.h"

namespace fw::runs {

/// The first 20 rows, in their order, where the best-ranked evaluation disagrees with the production answer (a 0/1
/// score below 1, a graded score below 0.5, no answer), with what each candidate's best evaluation said.
[[nodiscard]] nlohmann::ordered_json divergent_rows(const ReportInput& input, const std::vector<Contender>& ranked,
                                                    const std::string& leading);

}  // namespace fw::runs

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runs/run_config.h"

namespace fw::app {

/// Why a run could hardly find a candidate as good as production, however good it is: nothing where it could. Looks at
/// eval_size, the margin, and the number of evaluations, which are tested together.
[[nodiscard]] std::optional<std::string> cannot_decide(const runs::RunConfig& run);

}  // namespace fw::app

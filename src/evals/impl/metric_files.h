#pragma once

#include <vector>

#include "evals/metric.h"

namespace fw::evals {

/// One metric per file of metrics/, in the order of the files' names. Its definition is generated when the build is
/// configured (CMakeLists.txt).
[[nodiscard]] std::vector<const Metric*> metrics_of_files();

}  // namespace fw::evals

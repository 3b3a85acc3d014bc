#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runs/job.h"

namespace fw::runs {

/// What the engine of a candidate's deployment wrote last: while it runs as it stands, afterwards as it was kept with
/// the job. Redacted; not always UTF-8.
struct EngineLogPart {
  std::size_t candidate = 0;
  Stage stage;                     ///< that deployed it
  bool is_running = false;         ///< it is up, or starts, in this process
  std::vector<std::string> lines;  ///< oldest first, at most modelops::EngineLog::kMostLines
};

}  // namespace fw::runs

#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "runs/engine_log.h"

namespace fw::runs {

/// The copy of an engine's log in its job's folder, whole or absent; replaces that of an earlier deployment of the
/// stage. Nothing is written of one that said nothing. Blocks.
[[nodiscard]] Status keep_engine_log(const std::filesystem::path& job_folder, const EngineLogPart& log);

/// The copies of a candidate, in the order of their stages. Blocks.
[[nodiscard]] std::vector<EngineLogPart> kept_engine_logs(const std::filesystem::path& job_folder,
                                                          std::size_t candidate);

}  // namespace fw::runs

#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "metastore/meta_store.h"
#include "runs/job.h"
#include "runs/run_config.h"

namespace fw::runs {

[[nodiscard]] std::filesystem::path report_file(const std::filesystem::path& job_folder);

/// The report of a job as JSON text, from its journal and its result files. Blocks.
[[nodiscard]] Result<std::string> report_of(const Job& job, const RunConfig& config,
                                            std::span<const metastore::StepRow> steps);

}  // namespace fw::runs

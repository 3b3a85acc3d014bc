#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "io/moved_folder.h"
#include "metastore/meta_store.h"
#include "runs/job.h"
#include "runs/run_config.h"

namespace fw::runs {

[[nodiscard]] std::filesystem::path report_file(const std::filesystem::path& job_folder);

/// The report of a job as JSON text, from its journal and its result files, which lie in one of the places of the data
/// folder; of datasets that were refused from their card in `job_folder`. Blocks.
[[nodiscard]] Result<std::string> report_of(const Job& job, const RunConfig& config,
                                            std::span<const metastore::StepRow> steps, const io::MovedFolder& places,
                                            const std::filesystem::path& job_folder);

}  // namespace fw::runs

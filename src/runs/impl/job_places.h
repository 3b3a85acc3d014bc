#pragma once

#include <filesystem>
#include <string>

#include "io/moved_folder.h"
#include "runs/job.h"
#include "runs/run_config.h"

namespace fw::runs {

/// The data folder that `jobs_folder` is a part of, with the places that it had while the job, as it was written down,
/// ran.
[[nodiscard]] io::MovedFolder places_of(const Job& job, const std::filesystem::path& jobs_folder);

// What was written down, with the files of the data folder where they lie now.

[[nodiscard]] Job found_in(const io::MovedFolder& places, Job job);
[[nodiscard]] RunConfig found_in(const io::MovedFolder& places, RunConfig config);
/// Of a report's JSON text, also in the commands that serve the model.
[[nodiscard]] std::string report_found_in(const io::MovedFolder& places, std::string report);

}  // namespace fw::runs

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "runs/job.h"

namespace fw::api {

/// A job in the list of jobs, in the blueprint's shape: `started_at` is when the job was ordered, and never null.
[[nodiscard]] nlohmann::ordered_json job_summary(const runs::Job& job);

/// A job's detail: the blueprint's keys, names and enums, and beside them `stage`, `run_started_at`, `seed` and the
/// figures of what goes on. `warnings`: what a person should mend before it ends.
[[nodiscard]] nlohmann::ordered_json job_detail(const runs::Job& job, const std::vector<std::string>& warnings = {});

}  // namespace fw::api

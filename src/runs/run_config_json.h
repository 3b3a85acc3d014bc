#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/result.h"
#include "runs/run_config.h"

namespace fw::runs {

/// The snapshot of its configuration that a job keeps. Holds no secrets: keys are named by environment variable.
/// Version 1.
[[nodiscard]] nlohmann::json to_json(const RunConfig& config);
[[nodiscard]] nlohmann::json to_json(const modelops::TrainingSettings& settings);
/// The inverse of to_json. kDataLoss for anything else.
[[nodiscard]] Result<RunConfig> run_config_from_json(std::string_view text);

/// The snapshot as others may see it: user names, passwords and queries cut out of URLs, webhooks reduced to their
/// host.
[[nodiscard]] nlohmann::json to_public_json(const RunConfig& config);

/// Ranges of the blueprint's `data_split_config`. kInvalidArgument names the key.
[[nodiscard]] Status check(const dataset::SplitSettings& split);

}  // namespace fw::runs

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runs/run_config.h"

namespace fw::runs {

/// What a webhook without its key means, for a person: `environment variable X with the webhook's key is not set...`.
[[nodiscard]] std::string missing_secret(const Webhook& webhook);

/// One such sentence for each webhook whose variable is not set, with the host it would go to: for the start of a
/// service, and for whoever shows a job.
[[nodiscard]] std::vector<std::string> missing_secrets(
    const std::vector<Webhook>& webhooks,
    const std::function<std::optional<std::string>(const std::string& name)>& environment);

}  // namespace fw::runs

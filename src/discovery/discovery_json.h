#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "discovery/proposal.h"

namespace fw::discovery {

/// As `/api/workloads/discovery` has it.
[[nodiscard]] nlohmann::ordered_json to_json(const Discovery& found);
[[nodiscard]] nlohmann::ordered_json to_json(const capture::LabelRule& rule);

}  // namespace fw::discovery

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/jobs.h"
#include "api/request_body.h"

namespace fw::api {

/// What a request says of the split.
struct SplitRequest {
  std::optional<dataset::SplitSettings> settings;  ///< absent when it says nothing
  std::vector<std::string> ignored;  ///< keys that nobody knows: let pass, as the blueprint does, but named
};

/// Reads `data_split_config`. As in the blueprint it lies over that object's own defaults, not over the service's
/// configuration: what a request says has the same effect on every service.
[[nodiscard]] SplitRequest read_split_request(const nlohmann::ordered_json& body, const SplitOverrides& overrides,
                                              std::vector<FieldProblem>& problems);

/// What the answer adds for keys that were let pass; empty when there are none.
[[nodiscard]] std::string said_of(const std::vector<std::string>& ignored);

}  // namespace fw::api

#pragma once

#include <optional>
#include <string_view>

#include "dataset/impl/json.h"
#include "modelops/workload_type.h"

namespace fw::dataset {

/// The first of reasons.h ("validate") that applies to a record, or nothing. `request` and `response` are any JSON.
[[nodiscard]] std::optional<std::string_view> first_defect(const Json& request, const Json& response,
                                                           modelops::WorkloadType type, bool parse_arguments);

}  // namespace fw::dataset

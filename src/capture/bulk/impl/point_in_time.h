#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "capture/bulk/impl/json_body.h"

namespace fw::capture::elastic {

/// A point in time is the names of its indexes and holds nothing in memory: traffic never changes, and what comes in
/// meanwhile has its place in time. So there may be any number of them, and they outlive a restart.
[[nodiscard]] std::string make_point_in_time(std::string_view index);
/// kInvalidArgument for what make_point_in_time did not make.
[[nodiscard]] Result<std::string> index_of_point_in_time(std::string_view id);

}  // namespace fw::capture::elastic

#pragma once

#include <string_view>

namespace fw::modelops {

/// What a workload's answers are: text, or calls of tools (with "no tool" among them).
enum class WorkloadType { kGeneric, kToolCalling };

/// `generic`, `tool_calling`: the blueprint's names.
[[nodiscard]] std::string_view to_string(WorkloadType type);

}  // namespace fw::modelops

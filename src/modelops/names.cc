#include "modelops/row_traits.h"
#include "modelops/workload_type.h"

namespace fw::modelops {

std::string_view to_string(AnswerKind kind) { return kind == AnswerKind::kToolCalls ? "tool_calls" : "text"; }

std::string_view to_string(WorkloadType type) {
  return type == WorkloadType::kToolCalling ? "tool_calling" : "generic";
}

}  // namespace fw::modelops

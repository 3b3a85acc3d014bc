#include "modelops/evaluator.h"
#include "modelops/workload_type.h"

namespace fw::modelops {

std::string_view to_string(EvalType type) {
  switch (type) {
    case EvalType::kBase: return "base-eval";
    case EvalType::kIcl: return "icl-eval";
    case EvalType::kCustomized: return "customized-eval";
  }
  return "unknown";
}

std::string_view to_string(AnswerKind kind) { return kind == AnswerKind::kToolCalls ? "tool_calls" : "text"; }

std::string_view to_string(WorkloadType type) {
  return type == WorkloadType::kToolCalling ? "tool_calling" : "generic";
}

}  // namespace fw::modelops

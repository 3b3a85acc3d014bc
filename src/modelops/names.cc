#include "modelops/evaluator.h"

namespace fw::modelops {

std::string_view to_string(EvalType type) {
  switch (type) {
    case EvalType::kBase: return "base-eval";
    case EvalType::kIcl: return "icl-eval";
    case EvalType::kCustomized: return "customized-eval";
  }
  return "unknown";
}

std::string_view to_string(WorkloadType type) {
  return type == WorkloadType::kToolCalling ? "tool_calling" : "generic";
}

}  // namespace fw::modelops

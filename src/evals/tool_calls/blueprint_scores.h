#pragma once

#include <optional>

#include "base/result.h"
#include "evals/python_json.h"

namespace fw::evals {

/// Scores of one row, each 0 or 1.
struct ToolCallingScores {
  double function_name = 0;
  /// Absent when an argument text of the answer does not parse (the NeMo evaluator's NaN).
  std::optional<double> function_name_and_args;
};

/// Compares the tool calls of an answer with those of the production model, as the NeMo evaluator does (reference: NeMo
/// Microservices, metric type `tool-calling`).
///
/// `truth` is a list of calls whose arguments are objects; it is not parsed further, so arguments given as text match
/// only an answer whose arguments are a JSON string. `message` is the answer's message. Names form sets: their order
/// and number do not matter, their case does. Each of the truth's calls is compared with the answer's last call of that
/// name, so that a truth which calls one tool with different arguments matches nothing. Null arguments are `{}`.
/// kInvalidArgument for a truth or an answer that has another shape.
[[nodiscard]] Result<ToolCallingScores> score_tool_calling(const PythonValue& truth, const PythonValue& message);

}  // namespace fw::evals

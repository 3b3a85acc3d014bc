#pragma once

#include <string>
#include <vector>

#include "evals/tool_calls/call.h"

namespace fw::evals {

/// One text for all lists of calls that compare_tool_calls takes for equal under the request's tools, and for those
/// alone: calls in any order, arguments at the schema's default left out (also within objects and lists), keys in
/// order, numbers by value. For counting equal answers; comparing two is compare_tool_calls' work.
[[nodiscard]] std::string canonical_calls(const PythonValue& tools, const std::vector<ToolCall>& calls);

}  // namespace fw::evals

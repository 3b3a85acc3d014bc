#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evals/python_json.h"

namespace fw::evals {

/// A tool call as an application would carry it out.
struct ToolCall {
  std::string name;           ///< empty where the call has none
  PythonValue arguments;      ///< an object; where it could not be read, what stood there
  bool has_arguments = true;  ///< the arguments are an object
};

/// The arguments of a call as an object: given as an object or as JSON text, also with a byte order mark, between ```
/// fences, after some words, or quoted once more; absent, null, and blank text are {}. Nothing when there is no JSON
/// object to be found.
[[nodiscard]] std::optional<PythonValue> read_arguments(const PythonValue* arguments);

/// The calls of a `tool_calls` list, in its order; none when it is no list. A call whose `function` is left out may
/// have name and arguments itself.
[[nodiscard]] std::vector<ToolCall> read_tool_calls(const PythonValue& calls);
/// The calls of a message: its `tool_calls`, or the `function_call` that they replaced.
[[nodiscard]] std::vector<ToolCall> calls_of_message(const PythonValue& message);

/// `{"type":"function","function":{"name","arguments"}}`, arguments as an object.
[[nodiscard]] PythonValue to_value(const ToolCall& call);

}  // namespace fw::evals

#pragma once

#include <string>

#include "dataset/impl/json.h"

/// How to read chat-completion requests and responses that normalise() let through; on others every function gives
/// an empty answer instead of failing.
namespace fw::dataset {

/// `system`, or `developer`, its newer name.
[[nodiscard]] bool is_system(const Json& message);
[[nodiscard]] bool has_role(const Json& message, std::string_view role);

/// The text of a message: its content, or the text parts of its content one after the other.
[[nodiscard]] std::string text_of(const Json& message);
/// The content of the last user message; "" if there is none.
[[nodiscard]] std::string last_user_text(const Json& request);

/// The tool calls of a message, or nullptr if it calls no tool.
[[nodiscard]] const Json* tool_calls_of(const Json& message);

/// Index of the choice that holds the answer: the first that calls a tool, else 0.
[[nodiscard]] std::size_t answer_index(const Json& response);
/// The message of that choice, or nullptr.
[[nodiscard]] const Json* answer_of(const Json& response);

}  // namespace fw::dataset

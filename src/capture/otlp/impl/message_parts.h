#pragma once

#include "capture/otlp/impl/telemetry.h"

/// Messages of the GenAI conventions, which are lists of parts, and of other telemetry, in the chat-completion API's
/// shape. Plain functions on JSON; what they do not know they keep as it is.
namespace fw::capture::otlp {

/// A value that may be JSON written as text, as attributes have it.
[[nodiscard]] Json unpacked(const Json* value);

/// `{"role", "parts": [...]}` as one message, or more where it answers several tool calls; appended. A message without
/// parts is taken as the API's own.
void append_message(const Json& message, Json& messages);

/// Instructions to the system: a text, a list of parts; a message in front of the others.
void prepend_instructions(const Json& instructions, Json& messages);

/// The output messages, one a choice; appended.
void append_choices(const Json& output, Json& choices);

/// Tool definitions, with or without `function` around them; appended.
void append_tools(const Json& definitions, Json& tools);

/// A call of a tool: arguments as text.
[[nodiscard]] Json tool_call(const Json& id, const Json& name, const Json& arguments);

/// A value as the text that an API would have it in.
[[nodiscard]] std::string as_text(const Json& value);

}  // namespace fw::capture::otlp

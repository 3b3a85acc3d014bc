#pragma once

#include <cstdint>
#include <string>

#include "dataset/impl/json.h"

namespace fw::dataset {

/// A digest of all that the model saw of a request: messages (roles included), tools, tool_choice, response_format, and
/// the older functions and function_call. Equal for two requests exactly if these are equal after normalising what
/// means the same: order of keys, null and absent members, an assistant's empty and absent content, a content of one
/// text part and its text, `tool_choice` and `response_format` at their defaults. Whitespace inside strings counts;
/// sampling parameters, model, stream, user and metadata do not.
[[nodiscard]] std::string request_key(const Json& request);

/// Equal for two answers that say the same: content and tool calls without their ids, arguments as values.
[[nodiscard]] std::uint64_t answer_hash(const Json& answer);

/// Equal for two turns of a conversation that say the same; as answer_hash, with role and name. An answer and the
/// assistant message that later repeats it are equal.
[[nodiscard]] std::uint64_t turn_hash(const Json& message);

}  // namespace fw::dataset

#pragma once

#include <nlohmann/json_fwd.hpp>

namespace fw::review {

/// An assistant's message in the one form that both sides of a card have, so that nothing but what was answered tells
/// whose it is: `role`, `content` (a text; null where there is none) and, where it calls tools, `tool_calls` with each
/// one's name and its arguments as JSON text, keys in order, without blanks, and ids that count. Other members are left
/// out; arguments that are no JSON stay as they are. Null for what is no message.
[[nodiscard]] nlohmann::ordered_json shown_answer(const nlohmann::ordered_json& message);

}  // namespace fw::review

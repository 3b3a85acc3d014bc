#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "capture/formats/format.h"

/// Messages, calls and tools as the many writers of logs shape them, brought into the chat-completion API's shape.
/// Plain functions on JSON; what they do not know they leave as it is.
namespace fw::capture {

using Json = nlohmann::ordered_json;

/// The whole document; it is JSON, and not nested deeply.
[[nodiscard]] Json json_of(const Document& document);
[[nodiscard]] Json json_of(const codec::JsonMember& member);
[[nodiscard]] std::string to_text(const Json& json);
/// The member, unless the value is no object, or it is absent or null.
[[nodiscard]] const Json* find(const Json& object, std::string_view key);
/// The first of the keys that is there.
[[nodiscard]] const Json* find_any(const Json& object, std::initializer_list<std::string_view> keys);
/// The string under the key, or "".
[[nodiscard]] std::string text_at(const Json& object, std::string_view key);
/// An object or a list that was written as text is taken out of it; anything else comes back as it is.
[[nodiscard]] Json unquoted(const Json& value);

/// Whether the messages need nothing of what chat_messages() does.
[[nodiscard]] bool is_plain_chat(const Json& messages);

/// The messages of a request out of a list of messages, one message, or a text (a user's): roles by their usual other
/// names (`human`, `ai`, `gpt`, `chain`, ...), LangChain's and ShareGPT's keys, `function_call` and function results as
/// tool calls and tool messages, arguments as text, an id for every call, no `weight`. kInvalidArgument: the reason.
[[nodiscard]] Result<Json> chat_messages(const Json& input);

/// The assistant's message out of a message, a list of messages (the last), a text, or a response with choices.
[[nodiscard]] Result<Json> chat_answer(const Json& output);

/// Tool definitions out of `tools` or the older `functions`, also as text; null when there are none.
[[nodiscard]] Json chat_tools(const Json& source);

/// How many of the messages there are up to the last answer, where only the user's words follow it, which nobody
/// answered. kInvalidArgument: nobody answers, or what follows is more than words. The last message is an object.
[[nodiscard]] Result<std::size_t> answered(const Json& messages);

/// That there was such an end, and the conversation is read without it.
inline constexpr const char* kUnansweredEnd = "the user's last words, which nothing answers, were left out";

/// A conversation as the two halves of an interaction, the last of its messages that are answered() being the answer.
/// `tools` may be null.
[[nodiscard]] Result<Draft> draft_of_conversation(Json messages, const Json& tools);

/// A response around an answer, in the API's shape.
[[nodiscard]] Json response_around(Json answer, const Json* model = nullptr, const Json* usage = nullptr);

/// Copies sampling parameters of the request, by their names in the API. A number that was written as text is one
/// again; what is no number where the API has numbers ("inf", "none") is left out. True: nothing was.
bool copy_parameters(Json& request, const Json& from);

/// That copy_parameters() left one out.
inline constexpr const char* kNoNumber = "a sampling parameter that is no number was left out";

/// What tells this interaction from others, whatever else its export says.
[[nodiscard]] std::string identity_of(const Draft& draft);

/// The workload and client that metadata name, if they do, and the conversation or session.
void take_names(Draft& draft, const Json& source);

/// The first time among the keys; absent when none is there or it is none.
[[nodiscard]] std::optional<Timestamp> time_at(const Json& object, std::initializer_list<std::string_view> keys);

}  // namespace fw::capture

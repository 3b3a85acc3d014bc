#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "evals/python_json.h"

namespace fw::evals {

// Why an answer that came cannot be scored: the application would not have had it either.
inline constexpr std::string_view kCutAtTokenLimit = "cut at the token limit";
inline constexpr std::string_view kHeldBack = "held back by a content filter";
inline constexpr std::string_view kBrokenOff = "broken off by the server";
inline constexpr std::string_view kRefused = "refused to answer";
inline constexpr std::string_view kUnfinishedThinking = "ended while thinking";
/// Found where the answer is scored: production had something to say.
inline constexpr std::string_view kEmpty = "neither text nor a tool call";

/// What a model said, out of a chat completion.
struct Answer {
  std::string response;                    ///< the whole answer, compact (json_text.h), without log-probabilities
  PythonValue message;                     ///< `choices[0].message`; a `function_call` stands among its `tool_calls`
  std::string text;                        ///< what it says (message_text)
  std::string failure;                     ///< one of the reasons above; empty: it can be scored
  std::uint64_t prompt_tokens = 0;         ///< 0 when the endpoint does not say
  std::uint64_t cached_prompt_tokens = 0;  ///< of them, those that it had computed for earlier requests
  std::uint64_t completion_tokens = 0;
  /// By the log-probabilities of the tokens after its thinking, where the endpoint gave them: how probable the model
  /// held a tool call as a whole, of a text the geometric mean over its tokens. In [0, 1].
  std::optional<double> confidence = {};
};

/// Reads the body of a chat completion, also after a byte order mark. Any bytes may come:
/// what is no UTF-8, no JSON (HTML, cut short), an error object, or lacks choices, message, content or tool calls of
/// the right type is kDataLoss with the reason, in words that do not vary by row.
[[nodiscard]] Result<Answer> parse_answer(std::string_view body);

/// The text of a message: its content, or the text parts of a content that is a list, without what stands between
/// `<think>` and `</think>`; of a `</think>` without a beginning (chat templates may write it), what follows it.
/// Margins of white space are left out. Thinking that is not closed is no text.
[[nodiscard]] std::string message_text(const PythonValue& message);
/// The message calls a tool.
[[nodiscard]] bool calls_tools(const PythonValue& message);

/// `choices[0].message` as it stands in the text of a chat completion that was parsed before; empty where there is
/// none.
[[nodiscard]] std::string_view message_json(std::string_view completion);

}  // namespace fw::evals

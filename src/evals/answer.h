#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "evals/python_json.h"

namespace fw::evals {

/// What a model said, out of a chat completion.
struct Answer {
  std::string response;             ///< the whole answer, compact (json_text.h)
  PythonValue message;              ///< `choices[0].message`
  std::string text;                 ///< its content; empty when it is null
  std::uint64_t prompt_tokens = 0;  ///< 0 when the endpoint does not say
  std::uint64_t completion_tokens = 0;
};

/// Reads the body of a chat completion. Any bytes may come: what is no UTF-8, no JSON (HTML, cut short), an error
/// object, or lacks choices, message or content of the right type is kDataLoss with the reason, in words that do not
/// vary by row.
[[nodiscard]] Result<Answer> parse_answer(std::string_view body);

/// What texts are compared by: the content, or the tool calls as JSON where a message has no content.
[[nodiscard]] std::string comparable_text(const PythonValue& message, std::string_view message_json);

/// `choices[0].message` as it stands in the text of a chat completion that was parsed before; empty where there is
/// none.
[[nodiscard]] std::string_view message_json(std::string_view completion);

}  // namespace fw::evals

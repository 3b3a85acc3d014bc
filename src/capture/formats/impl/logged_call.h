#pragma once

#include "capture/formats/impl/chat_shape.h"

namespace fw::capture {

/// A call to a model out of its two halves as applications and proxies log them: bodies, also as text, also within an
/// HTTP exchange (`body`, `status`); of /v1/chat/completions, /v1/completions, /v1/responses or Anthropic's
/// /v1/messages, or an API of other_apis.h; the answer whole, or as the event stream or the list of events that it came
/// in. Both halves come back as chat completions. kInvalidArgument: the reason. `what` names the call in reasons ("a
/// Helicone request").
[[nodiscard]] Result<Draft> draft_of_call(const Json& request, const Json& response, const std::string& what);

/// Whether a log document's halves may need draft_of_call(), being no chat completion and its whole answer: a quick
/// look that errs on that side.
[[nodiscard]] bool is_other_call(std::string_view request, std::string_view response);

/// Whether the text is an event stream.
[[nodiscard]] bool is_event_text(std::string_view text);

}  // namespace fw::capture

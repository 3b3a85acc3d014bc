#pragma once

#include <optional>

#include "capture/formats/format.h"
#include "capture/otlp/impl/telemetry.h"

namespace fw::capture::otlp {

/// What a model was asked and what it answered, in the chat-completion API's shape, as far as telemetry has told yet.
struct Content {
  Json messages = Json::array();
  Json choices = Json::array();  ///< `{"index", "message", "finish_reason"}`
  Json tools = Json::array();
  Json request;   ///< the whole request, where an instrumentation kept it; else null
  Json response;  ///< likewise

  [[nodiscard]] bool has_request() const { return !messages.empty() || request.is_object(); }
  [[nodiscard]] bool has_response() const { return !choices.empty() || response.is_object(); }
  [[nodiscard]] bool is_whole() const { return has_request() && has_response(); }
};

/// Whether a span is a call of a model that answers with text or tool calls, in any of the dialects: not embeddings,
/// not tools, not the agent around it.
[[nodiscard]] bool is_model_call(const Span& span);

/// The content that attributes and events of a span hold. One dialect wins, the one that keeps most.
void read_content(const Span& span, Content& into);

/// Whether a log record is an event of the GenAI conventions, of those that carry content.
[[nodiscard]] bool is_content_event(const LogRecord& log);
/// Whether the event is the only one of its call: it has every message.
[[nodiscard]] bool tells_all(const LogRecord& log);
/// Adds what the event says.
void read_event(const LogRecord& log, Content& into);

/// Request and response around the content. `span` may be null: what only it says is left out then.
[[nodiscard]] Draft draft_of(const Content& content, const Span* span);

}  // namespace fw::capture::otlp

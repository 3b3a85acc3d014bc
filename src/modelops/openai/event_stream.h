#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"

namespace fw::modelops {

/// Whether an answer is an event stream, by its type or, where that says otherwise, by how it begins.
[[nodiscard]] bool is_event_stream(const net::Response& response);

/// The chat completion that the chunks of an event stream make: the first choice's text, refusal, reasoning and tool
/// calls joined, calls by their index (a second id under one index is another call), finish_reason, and the usage of
/// whichever chunk has one. An event that is an error is returned as it stands. A whole completion within an event
/// too.
///
/// kDataLoss when the stream ends before its choice has a finish_reason or `[DONE]`, or when an event is no JSON.
[[nodiscard]] Result<std::string> assemble_completion(std::string_view events);

}  // namespace fw::modelops

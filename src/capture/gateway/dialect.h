#pragma once

#include <optional>
#include <string_view>

#include "capture/completions/stream_rebuild.h"
#include "net/http.h"

namespace fw::capture {

/// The dialect in which a request asks for a completion; nothing for every other request, which is only handed on.
/// Deeper paths (`/v1/responses/ID`, `/v1/messages/count_tokens`) ask for something else.
[[nodiscard]] std::optional<Dialect> dialect_of(net::Method method, std::string_view path);

/// For counters: `chat_completions`, `completions`, `responses`, `messages`.
[[nodiscard]] std::string_view to_string(Dialect dialect);

}  // namespace fw::capture

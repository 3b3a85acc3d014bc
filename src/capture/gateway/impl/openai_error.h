#pragma once

#include <string_view>

#include "net/http.h"

namespace fw::capture {

/// An answer of the gateway's own, in the form that OpenAI's clients read: `{"error": {"message", "type", "param",
/// "code"}}`.
[[nodiscard]] net::Response openai_error(int status, std::string_view code, std::string_view message);

}  // namespace fw::capture

#pragma once

#include <string_view>

#include "auth/guard.h"
#include "net/http.h"

namespace fw::capture {

/// Why a request is not let in, in the form that the client of this path reads: Anthropic's for `/v1/messages`,
/// OpenAI's for all else. With Retry-After where it is for its limits.
[[nodiscard]] net::Response refusal_of(std::string_view path, const auth::Refusal& refusal);

}  // namespace fw::capture

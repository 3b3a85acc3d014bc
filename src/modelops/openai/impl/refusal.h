#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "modelops/openai/impl/request_form.h"
#include "net/http.h"

namespace fw::modelops {

/// What an endpoint's error says, whatever form it gives it: OpenAI's `error` object, a bare `error` or `message`
/// text, FastAPI's `detail` list, plain text.
struct ErrorAnswer {
  std::string message;    ///< at most 2,000 bytes
  std::string parameter;  ///< what it says the error is about; empty: nothing
  std::string code;
  std::string passed_on;  ///< by a gateway, of the server behind it; at most 2,000 bytes
};

/// Nothing for an answer that is no error. An answer with status 200 may be one.
[[nodiscard]] std::optional<ErrorAnswer> error_in(const net::Response& response);

/// The change that would suit an endpoint that answered so to these parameters: a parameter of ours that it does not
/// take is left out, `max_tokens` is renamed to `max_completion_tokens` or lowered to the endpoint's limit, `stream` is
/// set where it answers only in streams. Nothing where the error is of another kind: wrong key, unknown model, a
/// conversation that is too long, a tool's schema, or a server that was started without the option it names.
[[nodiscard]] std::optional<RequestChange> change_for(const net::Response& response, const SentParameters& sent);

}  // namespace fw::modelops

#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "capture/completions/impl/answer.h"

/// Requests and whole answers of other dialects as chat completions. Plain functions on JSON of bounded depth; members
/// of other kinds than theirs are left out, what has no place is named in `unmapped` (Answer::note_unmapped()).
namespace fw::capture {

using Json = nlohmann::ordered_json;

/// A chat-completion request while it is made of another one.
struct RequestDraft {
  Json messages = Json::array();
  Json fields = Json::object();       ///< all others by their names
  std::vector<std::string> unmapped;  ///< each once

  void note(const std::string& what);
  /// Moves a field of `body` to another name; null and absent are one.
  void rename(Json& body, const char* from, const char* to);
};

[[nodiscard]] RequestDraft request_of_messages(Json body);
[[nodiscard]] RequestDraft request_of_responses(Json body);

/// An answer of /v1/messages, or the `message` that a stream begins with.
void read_message_head(const Json& message, Answer& answer);
/// A block of its content; `index` tells calls apart.
void read_message_block(const Json& block, std::int64_t index, Answer& answer);
/// `stop_reason`, `stop_sequence` and usage, where they are; later usage completes the earlier one.
void read_message_end(const Json& end, Answer& answer);

/// What an object of /v1/responses says beside its output.
void read_response_head(const Json& response, Answer& answer);
/// An item of its output; `index` tells calls apart.
void read_response_item(const Json& item, std::int64_t index, Answer& answer);
/// `status`, error and the reason why it is incomplete.
void read_response_end(const Json& response, Answer& answer);

}  // namespace fw::capture

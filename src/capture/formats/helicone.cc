#include "capture/formats/impl/chat_shape.h"
#include "capture/formats/impl/formats.h"

/// Helicone: rows of its request API and exports, `request_body` and `response_body` being the halves as they were.
/// Newer exports leave the bodies in a bucket (`signed_body_url`) and write a notice, or nothing, in their place.
namespace fw::capture {
namespace {

bool recognises(const Document& document, codec::JsonSlicer&) {
  return document.has("request_body") || document.has("response_body") || document.has("signed_body_url") ||
         document.has("request_created_at");
}

bool is_body(const Json& body) { return body.is_object() && !body.empty() && find(body, "heliconeMessage") == nullptr; }

Json body_at(const Json& row, const char* key) {
  const Json* written = find(row, key);
  return written != nullptr ? unquoted(*written) : Json();
}

Result<Draft> read(const Document& document, codec::JsonSlicer&) {
  const Json row = json_of(document);
  Json request = body_at(row, "request_body");
  Json response = body_at(row, "response_body");
  if (!is_body(request) || !is_body(response)) {
    return invalid_argument("Helicone export without bodies (export them: each row's signed_body_url has them)");
  }
  if (const Json* status = find(row, "response_status"); status != nullptr && status->is_number() && *status >= 400) {
    return invalid_argument("a Helicone request that failed (response_status)");
  }
  const Json* messages = find(request, "messages");
  if (messages == nullptr || find(response, "choices") == nullptr) {
    return invalid_argument("a Helicone request that is no chat completion");
  }
  if (messages->is_array() && !is_plain_chat(*messages)) {
    FW_ASSIGN(Json shaped, chat_messages(*messages));
    request["messages"] = std::move(shaped);
  }
  Draft draft{.request = to_text(request), .response = to_text(response)};
  draft.timestamp = time_at(row, {"request_created_at", "created_at", "timestamp"});
  draft.identity = identity_of(draft);
  take_names(draft, row);
  return draft;
}

}  // namespace

constexpr Format kHelicone{.name = "Helicone export", .recognises = recognises, .read = read};

}  // namespace fw::capture

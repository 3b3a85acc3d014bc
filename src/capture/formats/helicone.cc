#include "capture/formats/impl/formats.h"
#include "capture/formats/impl/logged_call.h"

/// Helicone: rows of its request API and exports, `request_body` and `response_body` being the halves as they were.
/// A streamed answer is under `streamed_data`, as text or as a list of its events. Newer exports leave the bodies in a
/// bucket (`signed_body_url`) and write a notice, or nothing, in their place; scripts that fetch them put both under
/// `signed_body_content`.
namespace fw::capture {
namespace {

bool recognises(const Document& document, codec::JsonSlicer&) {
  return document.has("request_body") || document.has("response_body") || document.has("signed_body_url") ||
         document.has("signed_body_content") || document.has("request_created_at");
}

/// A streamed answer may be the text of its events.
bool is_body(const Json& body) { return !body.empty() && body != "" && find(body, "heliconeMessage") == nullptr; }

Json body_at(const Json& row, const char* key, const char* fetched_key) {
  const Json* written = find(row, key);
  Json body = written != nullptr ? unquoted(*written) : Json();
  if (is_body(body)) return body;
  const Json* fetched = find(row, "signed_body_content");
  if (fetched == nullptr) return body;
  const Json content = unquoted(*fetched);
  const Json* half = find(content, fetched_key);
  return half != nullptr ? unquoted(*half) : body;
}

Result<Draft> read(const Document& document, codec::JsonSlicer&) {
  const Json row = json_of(document);
  Json request = body_at(row, "request_body", "request");
  Json response = body_at(row, "response_body", "response");
  if (!is_body(request) || !is_body(response)) {
    return invalid_argument("Helicone export without bodies (export them: each row's signed_body_url has them)");
  }
  if (const Json* status = find(row, "response_status"); status != nullptr && status->is_number() && *status >= 400) {
    return invalid_argument("a Helicone request that failed (response_status)");
  }
  FW_ASSIGN(Draft draft, draft_of_call(request, response, "a Helicone request"));
  draft.timestamp = time_at(row, {"request_created_at", "created_at", "timestamp"});
  draft.identity = identity_of(draft);
  take_names(draft, row);
  return draft;
}

}  // namespace

constexpr Format kHelicone{.name = "Helicone export", .recognises = recognises, .read = read};

}  // namespace fw::capture

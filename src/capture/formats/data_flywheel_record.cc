#include "capture/formats/impl/chat_shape.h"
#include "capture/formats/impl/formats.h"

/// Records of the exporter of NVIDIA's agent toolkit (nvidia-nat-data-flywheel 1.9, contracts "1.0" and "1.1", which
/// have the same fields): log documents with `contract_version` and `error_details`. Their messages have LangChain's
/// roles, their calls objects as arguments and no ids, and `usage` lies within `token_usage`.
namespace fw::capture {
namespace {

bool recognises(const Document& document, codec::JsonSlicer&) { return document.has("contract_version"); }

void drop_nulls(Json& object) {
  for (auto at = object.begin(); at != object.end();) at = at->is_null() ? object.erase(at) : std::next(at);
}

Result<std::string> request_of(std::string_view text) {
  Json request = Json::parse(text, nullptr, false);
  drop_nulls(request);
  if (const Json* messages = find(request, "messages")) {
    FW_ASSIGN(request["messages"], chat_messages(Json(*messages)));
  }
  return to_text(request);
}

Result<std::string> response_of(std::string_view text) {
  Json response = Json::parse(text, nullptr, false);
  drop_nulls(response);
  const Json* choices = find(response, "choices");
  if (choices == nullptr || !choices->is_array() || choices->empty()) {
    return invalid_argument("response has no choices");
  }
  for (Json& choice : response["choices"]) {
    const Json* message = find(choice, "message");
    if (message == nullptr) return invalid_argument("response has a choice without a message");
    FW_ASSIGN(choice["message"], chat_answer(Json(*message)));
  }
  if (const Json* usage = find(response, "usage"); usage != nullptr && find(*usage, "token_usage") != nullptr) {
    const Json tokens = *find(*usage, "token_usage");
    response["usage"] = tokens;
  }
  return to_text(response);
}

Result<Draft> read(const Document& document, codec::JsonSlicer& slicer) {
  if (document.has("error_details")) return invalid_argument("the record's call failed (error_details)");
  FW_ASSIGN(Draft draft, read_log_document(document, slicer));
  FW_ASSIGN(draft.request, request_of(draft.request));
  FW_ASSIGN(draft.response, response_of(draft.response));
  return draft;
}

}  // namespace

constexpr Format kDataFlywheelRecord{.name = "agent toolkit record", .recognises = recognises, .read = read};

}  // namespace fw::capture

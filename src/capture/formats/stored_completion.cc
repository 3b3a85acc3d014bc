#include <array>

#include "capture/formats/impl/chat_shape.h"
#include "capture/formats/impl/formats.h"

/// OpenAI's stored completions: a chat completion with the request's settings beside it. The API gives the messages of
/// the request at an address of their own; an export is complete when they were put in as `messages` (or `input`).
namespace fw::capture {
namespace {

bool recognises(const Document& document, codec::JsonSlicer& slicer) {
  return document.has("choices") || is_text(document.find("object"), "chat.completion", slicer);
}

Result<Draft> read(const Document& document, codec::JsonSlicer& slicer) {
  if (is_text(document.find("object"), "chat.completion.chunk", slicer)) {
    return invalid_argument(
        "a piece of a streamed answer (chat.completion.chunk); write all pieces of an answer as the list `response` of "
        "a "
        "log document, beside its request");
  }
  Json row = json_of(document);
  const Json* written = find_any(row, {"messages", "input", "input_messages"});
  const Json* inner = written != nullptr ? find(*written, "data") : nullptr;  // the list as the API answers it
  if (inner != nullptr) written = inner;
  if (written == nullptr) {
    return invalid_argument(
        "a chat completion without its request (stored completions: add what /messages answers as \"messages\")");
  }
  if (find(row, "choices") == nullptr) return invalid_argument("a chat completion without choices");
  FW_ASSIGN(Json messages, chat_messages(*written));
  Json request{{"model", text_at(row, "model")}, {"messages", std::move(messages)}};
  const Json tools = chat_tools(row);
  if (!tools.is_null()) request["tools"] = tools;
  const bool has_all = copy_parameters(request, row);
  Draft draft{.request = to_text(request)};
  if (!has_all) draft.repairs.push_back(kNoNumber);
  draft.timestamp = time_at(row, {"created", "created_at", "timestamp"});
  take_names(draft, row);
  for (const char* key : {"messages", "input", "input_messages", "tools", "tool_choice", "metadata"}) row.erase(key);
  draft.response = to_text(row);
  draft.identity = identity_of(draft);
  return draft;
}

}  // namespace

constexpr Format kStoredCompletion{.name = "OpenAI stored completion", .recognises = recognises, .read = read};

}  // namespace fw::capture

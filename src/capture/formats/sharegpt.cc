#include "capture/formats/impl/chat_shape.h"
#include "capture/formats/impl/formats.h"

/// ShareGPT rows: `{"conversations": [{"from": "human", "value": ...}, {"from": "gpt", ...}], "system"?, "tools"?}`,
/// with `function_call` and `observation` turns where tools are called. Some writers keep `role` and `content`.
namespace fw::capture {
namespace {

bool recognises(const Document& document, codec::JsonSlicer&) {
  return document.has("conversations") || document.has("conversation");
}

Result<Draft> read(const Document& document, codec::JsonSlicer&) {
  const Json row = json_of(document);
  const Json turns = unquoted(*find_any(row, {"conversations", "conversation"}));
  if (!turns.is_array()) return invalid_argument("conversations is not a list");
  Json written = turns;
  if (const Json* system = find(row, "system"); system != nullptr && !system->empty()) {
    written.insert(written.begin(), Json{{"role", "system"}, {"content", *system}});
  }
  auto messages = chat_messages(written);
  if (!messages.ok()) return invalid_argument("conversations holds a turn that is no message");
  FW_ASSIGN(Draft draft, draft_of_conversation(std::move(messages).value(), chat_tools(row)));
  draft.timestamp = time_at(row, {"timestamp", "created_at"});
  take_names(draft, row);
  return draft;
}

}  // namespace

constexpr Format kShareGpt{.name = "ShareGPT conversation", .recognises = recognises, .read = read};

}  // namespace fw::capture

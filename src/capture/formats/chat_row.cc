#include "capture/formats/impl/chat_shape.h"
#include "capture/formats/impl/formats.h"

/// Rows of fine-tuning files: `{"messages", "tools"?}`, the last message being the answer, or the last but for the
/// user's words, which nobody answered; with `functions` and `function_call` in older ones, and a `weight` of 0 on
/// answers that are not to be learnt from.
namespace fw::capture {
namespace {

using codec::JsonKind;
using codec::JsonMember;

bool recognises(const Document& document, codec::JsonSlicer&) { return document.has("messages"); }

/// `[first, ..., last)` of the messages as a JSON list, byte for byte.
std::string join(std::span<const std::string_view> messages) {
  std::string out = "[";
  for (const std::string_view message : messages) {
    if (out.size() > 1) out += ", ";
    out += message;
  }
  return out + "]";
}

/// The request and the response that the blueprint's loader makes of a row, with the row's own bytes.
Draft plain_draft(std::span<const std::string_view> messages, const JsonMember* tools) {
  Draft draft;
  draft.request = R"({"model": "not-a-model", "messages": )" + join(messages.first(messages.size() - 1)) +
                  (tools != nullptr ? R"(, "tools": )" + std::string(tools->raw) : "") +
                  R"(, "temperature": 0.7, "max_tokens": 1000})";
  draft.response = R"({"object": "chat.completion", "model": "not-a-model", "choices": [{"index": 0, "message": )" +
                   std::string(messages.back()) + R"(, "finish_reason": "stop"}]})";
  return draft;
}

bool is_unweighted(const Json& message) {
  const Json* weight = find(message, "weight");
  return weight != nullptr && weight->is_number() && weight->get<double>() == 0;
}

/// Where the user's words begin that end the messages.
std::size_t end_of_answers(const Json& messages) {
  std::size_t end = messages.size();
  while (end > 0 && text_at(messages[end - 1], "role") == "user") --end;
  return end;
}

/// Without what follows the last answer that counts, when the last answer does not.
Status drop_unweighted_end(Json& messages) {
  std::size_t end = end_of_answers(messages);
  while (end > 0 && is_unweighted(messages[end - 1])) {
    --end;
    while (end > 0 && text_at(messages[end - 1], "role") != "assistant") --end;
    while (messages.size() > end) messages.erase(messages.size() - 1);
  }
  return messages.empty() ? Status(invalid_argument("every answer of messages has weight 0")) : Status();
}

Result<Draft> read_messages(const Document& document, codec::JsonSlicer& slicer) {
  const JsonMember* messages = document.find("messages");
  const JsonMember* tools = document.find("tools");
  if (messages->kind != JsonKind::kArray) return invalid_argument("messages is not a list");
  const bool has_written_tools = tools != nullptr && tools->kind == JsonKind::kString;  // as tables of texts hold them
  if (tools != nullptr && tools->kind != JsonKind::kArray && !has_written_tools)
    return invalid_argument("tools is not a list");
  FW_ASSIGN(const auto list, slicer.elements(messages->raw));
  Json json = json_of(*messages);
  if (!list.empty() && json.front().is_array())
    return invalid_argument("messages is a list of lists, a column of a table; write one object a row");
  if (list.empty()) return invalid_argument("messages has no question before the answer");
  if (!json.back().is_object()) return invalid_argument("the last of messages is not the assistant's");
  const JsonMember* system = document.find("system");  // Anthropic's place for it
  if (!document.has("functions") && system == nullptr && !has_written_tools && is_plain_chat(json)) {
    FW_ASSIGN(const std::size_t count, answered(json));
    if (count < 2) return invalid_argument("messages has no question before the answer");
    Draft draft = plain_draft(std::span(list).first(count), tools);
    if (count < list.size()) draft.repairs.push_back(kUnansweredEnd);
    return draft;
  }
  FW_TRY(drop_unweighted_end(json));
  if (system != nullptr && text_at(json.front(), "role") != "system") {
    json.insert(json.begin(), Json{{"role", "system"}, {"content", json_of(*system)}});
  }
  FW_ASSIGN(Json shaped, chat_messages(json));
  return draft_of_conversation(std::move(shaped), chat_tools(json_of(document)));
}

Result<Draft> read(const Document& document, codec::JsonSlicer& slicer) {
  FW_ASSIGN(Draft draft, read_messages(document, slicer));
  if (const JsonMember* time = document.find("timestamp")) {
    FW_ASSIGN(draft.timestamp, time_of(*time, slicer));
  }
  if (const JsonMember* name = document.find("workload_id")) draft.workload = text_of(*name, slicer).value_or("");
  if (const JsonMember* name = document.find("client_id")) draft.client = text_of(*name, slicer).value_or("");
  return draft;
}

}  // namespace

constexpr Format kChatRow{.name = "chat row", .recognises = recognises, .read = read};

}  // namespace fw::capture

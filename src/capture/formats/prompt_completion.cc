#include "capture/formats/impl/chat_shape.h"
#include "capture/formats/impl/formats.h"

/// Rows of a prompt and its completion, each a text or a list of messages; Alpaca's `{"instruction", "input"?,
/// "output"}`, Dolly's with `context` and `response`; questions and answers.
namespace fw::capture {
namespace {

bool recognises(const Document& document, codec::JsonSlicer&) {
  return (document.has("prompt") && !document.has("messages")) || document.has("instruction") ||
         (document.has("question") && document.has("answer"));
}

Json prompt_of(const Json& row) {
  if (const Json* prompt = find_any(row, {"prompt", "question"})) return *prompt;
  const Json* context = find_any(row, {"input", "context"});
  const std::string input = context != nullptr && context->is_string() ? context->get<std::string>() : "";
  return text_at(row, "instruction") + (input.empty() ? "" : "\n\n" + input);
}

Result<Draft> read(const Document& document, codec::JsonSlicer&) {
  const Json row = json_of(document);
  if (find(row, "chosen") != nullptr && find(row, "rejected") != nullptr) {
    return invalid_argument("a pair of a chosen and a rejected answer; give the chosen one as completion");
  }
  const Json* completion = find_any(row, {"completion", "output", "response", "answer"});
  if (completion == nullptr) return invalid_argument("completion is missing beside prompt");
  const Json prompt = prompt_of(row);
  if (!prompt.is_string() && !prompt.is_array())
    return invalid_argument("prompt is neither a text nor a list of messages");
  if (!completion->is_string() && !completion->is_array()) {
    return invalid_argument("completion is neither a text nor a list of messages");
  }
  // A prompt that is text of JSON is text all the same.
  Json messages = Json::array({{{"role", "user"}, {"content", prompt}}});
  if (prompt.is_array()) {
    FW_ASSIGN(messages, chat_messages(prompt));
  }
  if (const std::string system = text_at(row, "system"); !system.empty()) {
    messages.insert(messages.begin(), Json{{"role", "system"}, {"content", system}});
  }
  Json answer{{"role", "assistant"}, {"content", *completion}};
  if (completion->is_array()) {
    FW_ASSIGN(answer, chat_answer(*completion));
  }
  messages.push_back(std::move(answer));
  FW_ASSIGN(Draft draft, draft_of_conversation(std::move(messages), chat_tools(row)));
  draft.timestamp = time_at(row, {"timestamp", "created_at"});
  take_names(draft, row);
  return draft;
}

}  // namespace

constexpr Format kPromptCompletion{.name = "prompt and completion", .recognises = recognises, .read = read};

}  // namespace fw::capture

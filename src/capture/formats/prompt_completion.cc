#include <algorithm>
#include <array>

#include "capture/formats/impl/chat_shape.h"
#include "capture/formats/impl/formats.h"

/// Rows of a prompt and its completion, each a text or a list of messages; Alpaca's `{"instruction", "input"?,
/// "output"}`, Dolly's with `context` and `response`; a question and its answer under any of their usual names.
namespace fw::capture {
namespace {

using Names = std::span<const std::string_view>;
constexpr auto kQuestions =
    std::to_array<std::string_view>({"prompt", "question", "query", "user_input", "user_message", "user_query",
                                     "input_text", "problem", "inputs", "input"});
constexpr auto kAnswers = std::to_array<std::string_view>(
    {"completion", "output", "response", "answer", "output_text", "assistant_message", "assistant_response",
     "bot_response", "generation", "generated_text", "reply", "solution", "target", "targets", "ideal"});
constexpr auto kPeople = std::to_array<std::string_view>({"user", "human"});
constexpr auto kModels =
    std::to_array<std::string_view>({"assistant", "bot", "ai", "gpt", "chatgpt", "model_response"});
constexpr auto kShortQuestion = std::to_array<std::string_view>({"q"});
constexpr auto kShortAnswer = std::to_array<std::string_view>({"a"});
constexpr auto kMessage = std::to_array<std::string_view>({"message"});
constexpr auto kReply = std::to_array<std::string_view>({"response", "reply"});

/// Names that mean a question only beside these names of an answer: logs have a `user` and a `message` too.
struct Pairing {
  Names questions;
  Names answers;
};
constexpr std::array<Pairing, 4> kPairings{
    {{kQuestions, kAnswers}, {kPeople, kModels}, {kShortQuestion, kShortAnswer}, {kMessage, kReply}}};

bool is_said(const codec::JsonMember* member) {
  return member != nullptr && (member->kind == codec::JsonKind::kString || member->kind == codec::JsonKind::kArray);
}

bool has_any(const Document& document, Names keys) {
  return std::ranges::any_of(keys, [&](std::string_view key) { return is_said(document.find(key)); });
}

const Json* first_of(const Json& row, Names keys) {
  for (const std::string_view key : keys) {
    if (const Json* found = find(row, key)) return found;
  }
  return nullptr;
}

/// The answer beside the question that is there.
const Json* answer_of(const Json& row) {
  for (const Pairing& pairing : kPairings) {
    const Json* answer = first_of(row, pairing.answers);
    if (answer != nullptr && (find(row, "instruction") != nullptr || first_of(row, pairing.questions) != nullptr))
      return answer;
  }
  return nullptr;
}

bool recognises(const Document& document, codec::JsonSlicer&) {
  if (document.has("prompt") && !document.has("messages")) return true;
  const bool is_trace = document.has("input") && (document.has("output") || document.has("expectedOutput") ||
                                                  document.has("expected_output") || document.has("type"));
  return document.has("instruction") || (!is_trace && !document.has("messages") && is_question_and_answer(document));
}

Json prompt_of(const Json& row) {
  if (const Json* prompt = find(row, "prompt")) return *prompt;
  for (const Pairing& pairing : kPairings) {
    if (find(row, "instruction") != nullptr) break;
    const Json* prompt = first_of(row, pairing.questions);
    if (prompt != nullptr && first_of(row, pairing.answers) != nullptr) return *prompt;
  }
  const Json* context = find_any(row, {"input", "context"});
  const std::string input = context != nullptr && context->is_string() ? context->get<std::string>() : "";
  return text_at(row, "instruction") + (input.empty() ? "" : "\n\n" + input);
}

Result<Draft> read(const Document& document, codec::JsonSlicer&) {
  const Json row = json_of(document);
  if (find(row, "chosen") != nullptr && find(row, "rejected") != nullptr) {
    return invalid_argument("a pair of a chosen and a rejected answer; give the chosen one as completion");
  }
  const Json* completion = answer_of(row);
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

bool is_question_and_answer(const Document& document) {
  return std::ranges::any_of(kPairings, [&](const Pairing& pairing) {
    return has_any(document, pairing.questions) && has_any(document, pairing.answers);
  });
}

constexpr Format kPromptCompletion{.name = "prompt and completion", .recognises = recognises, .read = read};

}  // namespace fw::capture

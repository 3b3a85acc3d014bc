#include "evals/answer.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "evals/json_text.h"
#include "evals/tool_calls/call.h"
#include "modelops/openai/error_text.h"
#include "record/finish_reason.h"

namespace fw::evals {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kThink = "<think>", kEndThink = "</think>";

Error unreadable(std::string_view why) { return data_loss("the answer " + std::string(why)); }

/// Something to tell a person who expected JSON.
Error not_json(std::string_view body, const Error& why) {
  const std::size_t start = body.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return unreadable("is empty");
  if (body[start] == '<') return unreadable("is HTML instead of JSON; does the URL end in /v1?");
  if (body.substr(start, 5) == "data:") return unreadable("is an event stream, which was not asked for");
  return unreadable(why.message.substr(0, why.message.find(" at byte")));
}

bool has_error(const PythonValue& object) {
  const PythonValue* error = object.dict() ? object.find("error") : nullptr;
  return error && error->is_true();
}

/// What stands in place of an answer: an error with its words, or what is missing.
Error no_answer(std::string_view body, const char* what_is_missing) {
  const std::string said = modelops::error_text(body);
  return unreadable(said.empty() ? what_is_missing : "is an error: " + said);
}

/// The first choice of a completion that has a message. Gateways answer with status 200 before they know that the
/// server behind them fails.
Result<const PythonValue*> first_choice(const PythonValue& completion, std::string_view body) {
  if (!completion.dict()) return no_answer(body, "is no JSON object");
  if (has_error(completion)) return no_answer(body, "is an error: without a message");
  const PythonValue* choices = completion.find("choices");
  if (!choices || !choices->list()) return no_answer(body, "has no list of choices");
  if (choices->list()->empty()) return no_answer(body, "has no choice");
  const PythonValue& choice = choices->list()->front();
  if (has_error(choice)) return no_answer(body, "is an error: without a message");
  const PythonValue* message = choice.find("message");
  if (!message || !message->dict()) return unreadable("has a choice without a message");
  return &choice;
}

const std::string* text_member(const PythonValue& object, std::string_view name) {
  const PythonValue* value = object.find(name);
  return value ? value->string() : nullptr;
}

/// Content as a text or as a list of parts.
bool has_readable_content(const PythonValue& message) {
  const PythonValue* content = message.find("content");
  if (!content || content->is_none() || content->string()) return true;
  return content->list() && std::all_of(content->list()->begin(), content->list()->end(),
                                        [](const PythonValue& part) { return part.string() || part.dict(); });
}

/// The content with its parts joined; parts of other kinds (images, thinking) say nothing.
std::string content_text(const PythonValue& message) {
  const PythonValue* content = message.find("content");
  if (!content) return {};
  if (content->string()) return *content->string();
  std::string text;
  if (!content->list()) return text;
  for (const PythonValue& part : *content->list()) {
    const std::string* said = part.string() ? part.string() : text_member(part, "text");
    if (said) text += *said;
  }
  return text;
}

bool is_refusal(const PythonValue& message) {
  if (const std::string* refusal = text_member(message, "refusal"); refusal && !refusal->empty()) return true;
  const PythonValue* content = message.find("content");
  if (!content || !content->list()) return false;
  return std::any_of(content->list()->begin(), content->list()->end(), [](const PythonValue& part) {
    const std::string* type = text_member(part, "type");
    return type && *type == "refusal";
  });
}

/// The text without its thinking; nothing when thinking is not closed.
std::optional<std::string> without_thinking(std::string text) {
  const std::size_t end = text.find(kEndThink);
  if (end < text.find(kThink)) text.erase(0, end + kEndThink.size());
  for (std::size_t start = text.find(kThink); start != std::string::npos; start = text.find(kThink, start)) {
    const std::size_t close = text.find(kEndThink, start);
    if (close == std::string::npos) return std::nullopt;
    text.erase(start, close + kEndThink.size() - start);
  }
  return text;
}

std::string_view failure_of(const PythonValue& choice, const PythonValue& message) {
  const std::string* reason = text_member(choice, "finish_reason");
  switch (record::answer_end(reason ? *reason : "")) {
    case record::AnswerEnd::kCut: return kCutAtTokenLimit;
    case record::AnswerEnd::kFiltered: return kHeldBack;
    case record::AnswerEnd::kBroken: return kBrokenOff;
    case record::AnswerEnd::kWhole: break;
  }
  if (is_refusal(message)) return kRefused;
  return without_thinking(content_text(message)) ? "" : kUnfinishedThinking;
}

/// The message with a call of the older form among its tool calls, where everything looks for them.
PythonValue with_tool_calls(const PythonValue& message) {
  const PythonValue* calls = message.find("tool_calls");
  const PythonValue* legacy = message.find("function_call");
  if ((calls && calls->is_true()) || !legacy || !legacy->dict()) return message;
  PythonValue::Dict call{{"type", PythonValue(std::string("function"))}, {"function", *legacy}};
  PythonValue::Dict out = *message.dict();
  out.insert_or_assign("tool_calls", PythonValue(PythonValue::List{PythonValue(std::move(call))}));
  return PythonValue(std::move(out));
}

std::uint64_t count_at(const PythonValue& object, std::string_view outer, std::string_view inner) {
  const PythonValue* part = object.find(outer);
  const PythonValue* count = part ? part->find(inner) : nullptr;
  return count ? count->count_or(0) : 0;
}

void read_usage(const PythonValue& completion, Answer& answer) {
  answer.prompt_tokens = count_at(completion, "usage", "prompt_tokens");
  answer.completion_tokens = count_at(completion, "usage", "completion_tokens");
  const PythonValue* usage = completion.find("usage");
  // OpenAI's place, DeepSeek's, and those of llama.cpp's server.
  const std::uint64_t counts[] = {usage ? count_at(*usage, "prompt_tokens_details", "cached_tokens") : 0,
                                  count_at(completion, "usage", "prompt_cache_hit_tokens"),
                                  count_at(completion, "timings", "cache_n"),
                                  count_at(completion, "prompt_progress", "cache")};
  const auto* first = std::find_if(std::begin(counts), std::end(counts), [](std::uint64_t count) { return count > 0; });
  if (first != std::end(counts)) answer.cached_prompt_tokens = std::min(*first, answer.prompt_tokens);
}

/// A member of the first choice as it stands in the text of a completion that was parsed before; empty where there is
/// none.
std::string_view first_choice_member(std::string_view completion, std::string_view name) {
  // Of equal keys the last one counts, as where the completion is parsed.
  std::string_view choices, found;
  for (const JsonMember& member : json_members(completion))
    if (member.name == "choices") choices = member.value;
  const std::size_t start = choices.find('{');
  if (!choices.starts_with('[') || start == std::string_view::npos) return {};
  // The list's tail after the first choice is not read: members end with the object's brace.
  for (const JsonMember& part : json_members(choices.substr(start)))
    if (part.name == name) found = part.value;
  return found;
}

/// What the answer's tokens say of it (Answer::confidence). Lists that are none, or have a token without a number, say
/// nothing.
std::optional<double> confidence_of(const PythonValue& choice, bool is_call) {
  const PythonValue* given = choice.find("logprobs");
  const PythonValue* tokens = given ? given->find("content") : nullptr;
  if (!tokens || !tokens->list()) return std::nullopt;
  double sum = 0;
  std::size_t count = 0;
  for (const PythonValue& token : *tokens->list()) {
    const PythonValue* value = token.find("logprob");
    const double log_probability = value ? real_number(*value) : std::nan("");
    if (std::isnan(log_probability)) return std::nullopt;
    sum += std::min(log_probability, 0.0);
    ++count;
    const std::string* text = text_member(token, "token");
    if (text && text->find(kEndThink) != std::string::npos) {
      sum = 0;
      count = 0;
    }
  }
  if (count == 0) return std::nullopt;
  return std::exp(is_call ? sum : sum / static_cast<double>(count));
}

/// Many times as long as the answer, and no use once it was read.
void remove_log_probabilities(std::string& completion) {
  const std::string_view value = first_choice_member(completion, "logprobs");
  if (value.empty()) return;
  const auto at = static_cast<std::size_t>(value.data() - completion.data());
  completion.replace(at, value.size(), "null");
}

}  // namespace

Result<Answer> parse_answer(std::string_view body) {
  if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
  if (!is_utf8(body)) return unreadable("is not UTF-8");
  auto completion = parse_python_json(body);
  if (!completion) return not_json(body, completion.error());
  FW_ASSIGN(const PythonValue* choice, first_choice(*completion, body));
  const PythonValue& message = *choice->find("message");
  if (!has_readable_content(message)) return unreadable("has a content that is no text");
  if (const PythonValue* calls = message.find("tool_calls"); calls && calls->is_true() && !calls->list())
    return unreadable("has tool_calls that are no list");
  Answer answer;
  read_usage(*completion, answer);
  answer.failure = failure_of(*choice, message);
  answer.text = message_text(message);
  answer.response = compact_json(body);
  remove_log_probabilities(answer.response);
  answer.message = with_tool_calls(message);
  answer.confidence = confidence_of(*choice, calls_tools(answer.message));
  return answer;
}

std::string message_text(const PythonValue& message) {
  std::string text = without_thinking(content_text(message)).value_or("");
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t start = text.find_first_not_of(kSpace);
  if (start == std::string::npos) return {};
  return text.substr(start, text.find_last_not_of(kSpace) + 1 - start);
}

bool calls_tools(const PythonValue& message) { return !calls_of_message(message).empty(); }

std::string_view message_json(std::string_view completion) { return first_choice_member(completion, "message"); }

}  // namespace fw::evals

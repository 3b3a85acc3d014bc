#include "evals/answer.h"

#include "evals/json_text.h"

namespace fw::evals {
namespace {

Error unreadable(std::string_view why) { return data_loss("the answer " + std::string(why)); }

/// Something to tell a person who expected JSON.
Error not_json(std::string_view body, const Error& why) {
  const std::size_t start = body.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return unreadable("is empty");
  if (body[start] == '<') return unreadable("is HTML instead of JSON; does the URL end in /v1?");
  if (body.substr(start, 5) == "data:") return unreadable("is an event stream, which was not asked for");
  return unreadable(why.message.substr(0, why.message.find(" at byte")));
}

Result<const PythonValue*> first_message(const PythonValue& completion) {
  if (!completion.dict()) return unreadable("is no JSON object");
  if (const PythonValue* error = completion.find("error"); error && error->is_true()) {
    const PythonValue* text = error->dict() ? error->find("message") : error;
    return unreadable("is an error: " +
                      (text && text->string() ? text->string()->substr(0, 200) : "without a message"));
  }
  const PythonValue* choices = completion.find("choices");
  if (!choices || !choices->list()) return unreadable("has no list of choices");
  if (choices->list()->empty()) return unreadable("has no choice");
  const PythonValue* message = choices->list()->front().find("message");
  if (!message || !message->dict()) return unreadable("has a choice without a message");
  return message;
}

}  // namespace

Result<Answer> parse_answer(std::string_view body) {
  if (!is_utf8(body)) return unreadable("is not UTF-8");
  auto completion = parse_python_json(body);
  if (!completion) return not_json(body, completion.error());
  FW_ASSIGN(const PythonValue* message, first_message(*completion));
  Answer answer;
  if (const PythonValue* content = message->find("content"); content && !content->is_none()) {
    if (!content->string()) return unreadable("has a content that is no text");
    answer.text = *content->string();
  }
  if (const PythonValue* usage = completion->find("usage")) {
    if (const PythonValue* count = usage->find("prompt_tokens")) answer.prompt_tokens = count->count_or(0);
    if (const PythonValue* count = usage->find("completion_tokens")) answer.completion_tokens = count->count_or(0);
  }
  answer.response = compact_json(body);
  answer.message = *message;
  return answer;
}

std::string_view message_json(std::string_view completion) {
  for (const JsonMember& member : json_members(completion)) {
    if (member.name != "choices" || !member.value.starts_with('[')) continue;
    const std::size_t start = member.value.find('{');
    if (start == std::string_view::npos) continue;
    // The list's tail after the first choice is not read: members end with the object's brace.
    for (const JsonMember& part : json_members(member.value.substr(start)))
      if (part.name == "message") return part.value;
  }
  return {};
}

std::string comparable_text(const PythonValue& message, std::string_view json) {
  if (const PythonValue* content = message.find("content"); content && content->string() && !content->string()->empty())
    return *content->string();
  for (const JsonMember& member : json_members(json))
    if (member.name == "tool_calls" && member.value != "null" && member.value != "[]")
      return compact_json(member.value);
  return {};
}

}  // namespace fw::evals

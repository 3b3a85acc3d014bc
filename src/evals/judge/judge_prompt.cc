#include "evals/judge/judge_prompt.h"

#include "base/assert.h"
#include "evals/answer.h"
#include "evals/json_text.h"
#include "evals/tool_calls/call.h"

namespace fw::evals {
namespace {

constexpr int kJudgeTokens = 1024;  // room for a judge that thinks before it answers

void append_part(std::string& text, std::string_view name, std::string_view json) {
  text.append("<<<").append(name).append(">>>\n").append(json).append("\n<<<end of ").append(name).append(">>>\n\n");
}

std::string_view member(std::string_view object, std::string_view name) {
  for (const JsonMember& m : json_members(object))
    if (m.name == name) return m.value;
  return "null";
}

std::string message(std::string_view role, std::string_view content) {
  return "{\"role\":" + json_quoted(role) + ",\"content\":" + json_quoted(content) + "}";
}

PythonValue says(std::string text) { return PythonValue(PythonValue::Dict{{"content", PythonValue(std::move(text))}}); }

/// A message as JSON without its thinking and whatever else an endpoint says of it.
std::string what_is_judged(const PythonValue& answer) {
  std::string json = "{\"role\":\"assistant\",\"content\":" + json_quoted(message_text(answer));
  PythonValue::List calls;
  for (const ToolCall& call : calls_of_message(answer)) calls.push_back(to_value(call));
  if (!calls.empty()) json += ",\"tool_calls\":" + to_json_text(PythonValue(std::move(calls)));
  return json + "}";
}

std::string request(std::string_view model, const std::string& messages, std::uint64_t seed, int max_tokens) {
  return "{\"model\":" + json_quoted(model) + ",\"messages\":[" + messages +
         "],\"temperature\":0,\"seed\":" + std::to_string(seed & 0x7fffffff) +
         ",\"max_tokens\":" + std::to_string(max_tokens) + "}";
}

}  // namespace

std::string judge_request(const Metric& metric, const EvaluationRow& row, const PythonValue& candidate,
                          std::string_view model, std::uint64_t seed) {
  std::string question;
  if (metric.rating.sees_tools) append_part(question, "tools", member(row.request, "tools"));
  append_part(question, "conversation", member(row.request, "messages"));
  append_part(question, "reference answer", what_is_judged(row.reference_message));
  append_part(question, "candidate answer", what_is_judged(candidate));
  question += "Give your rating of the candidate answer now.";
  return request(model, message("system", metric.rating.instruction) + "," + message("user", question), seed,
                 kJudgeTokens);
}

std::string judge_probe(std::string_view model) {
  const EvaluationRow row{.request = R"({"messages":[{"role":"user","content":"What colour is the sky at noon?"}]})",
                          .reference_message = says("Blue.")};
  const Metric* metric = judged_metric(modelops::AnswerKind::kText);
  FW_ASSERT(metric != nullptr);
  return judge_request(*metric, row, says("It is blue."), model, 0);
}

}  // namespace fw::evals

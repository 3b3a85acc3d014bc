#include "evals/tool_calls/blueprint_scores.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace fw::evals {
namespace {

struct Call {
  const std::string* name;
  const PythonValue* arguments;  ///< null when the call has none
};

Result<std::vector<Call>> calls_of_truth(const PythonValue& truth) {
  if (!truth.list()) return invalid_argument("the reference's tool calls are no list");
  std::vector<Call> calls;
  for (const PythonValue& entry : *truth.list()) {
    const PythonValue* function = entry.find("function");
    const PythonValue* name = function ? function->find("name") : nullptr;
    const PythonValue* arguments = function ? function->find("arguments") : nullptr;
    if (!name || !name->string() || !arguments)
      return invalid_argument("a tool call of the reference lacks function.name or function.arguments");
    calls.push_back({name->string(), arguments});
  }
  return calls;
}

Result<std::vector<Call>> calls_of_answer(const PythonValue& message) {
  std::vector<Call> calls;
  const PythonValue* list = message.find("tool_calls");
  if (!list || !list->is_true()) return calls;
  if (!list->list()) return invalid_argument("the answer's tool_calls are no list");
  for (const PythonValue& entry : *list->list()) {
    const PythonValue* function = entry.find("function");
    const PythonValue* name = function ? function->find("name") : nullptr;
    if (!name || !name->string()) return invalid_argument("a tool call of the answer has no function.name");
    calls.push_back({name->string(), function->find("arguments")});
  }
  return calls;
}

std::set<std::string_view> names(const std::vector<Call>& calls) {
  std::set<std::string_view> found;
  for (const Call& call : calls) found.insert(*call.name);
  return found;
}

/// The answer's arguments by name, or nothing when one of the texts does not parse.
std::optional<std::map<std::string_view, PythonValue>> parsed_arguments(const std::vector<Call>& calls) {
  std::map<std::string_view, PythonValue> parsed;
  for (const Call& call : calls) {
    if (!call.arguments || call.arguments->is_none()) {
      parsed.insert_or_assign(*call.name, PythonValue(PythonValue::Dict{}));
      continue;
    }
    if (!call.arguments->string()) return std::nullopt;
    auto value = parse_python_json(*call.arguments->string());
    if (!value) return std::nullopt;
    parsed.insert_or_assign(*call.name, std::move(value).value());
  }
  return parsed;
}

}  // namespace

Result<ToolCallingScores> score_tool_calling(const PythonValue& truth, const PythonValue& message) {
  FW_ASSIGN(const std::vector<Call> expected, calls_of_truth(truth));
  FW_ASSIGN(const std::vector<Call> made, calls_of_answer(message));
  const bool same_names = names(expected) == names(made);
  ToolCallingScores scores{.function_name = same_names ? 1.0 : 0.0};
  const auto arguments = parsed_arguments(made);
  if (!arguments) return scores;
  bool same = same_names;
  for (const Call& call : expected) same = same && arguments->at(*call.name) == *call.arguments;
  scores.function_name_and_args = same ? 1.0 : 0.0;
  return scores;
}

}  // namespace fw::evals

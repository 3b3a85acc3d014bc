#include "dataset/impl/suspects.h"

#include <algorithm>
#include <optional>

#include "base/hash.h"
#include "dataset/impl/template.h"
#include "dataset/reasons.h"
#include "evals/json_text.h"
#include "evals/tool_calls/argument_schema.h"
#include "evals/tool_calls/call.h"
#include "evals/tool_calls/request_facts.h"

namespace fw::dataset {
namespace {

using evals::PythonValue;

constexpr std::uint64_t kLeastInSituation = 6;
constexpr double kMostOdd = 0.2;
constexpr double kLeastUsual = 0.4;
constexpr std::uint64_t kTimesAsUsual = 4;
constexpr std::uint64_t kLeastArguments = 10;
constexpr double kMostlyTaken = 0.9;
constexpr double kMostForeign = 0.05;
constexpr std::size_t kShownBytes = 80;

std::string shown(std::string_view text) {
  if (text.size() <= kShownBytes) return std::string(text);
  std::size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

std::string text_of(const PythonValue* value) {
  return value != nullptr && value->string() != nullptr ? *value->string() : std::string();
}

std::string names_of(const std::vector<evals::ToolCall>& calls) {
  std::set<std::string> names;
  for (const auto& call : calls) names.insert(call.name);
  std::string joined;
  for (const auto& name : names) joined += (joined.empty() ? "" : ", ") + name;
  return joined;
}

/// Where the conversation stands: what the last user message answers, without its slots, and the turns since with the
/// tools that were called.
std::string turns_of(const PythonValue& messages) {
  std::string said;
  std::string turns;
  for (const PythonValue& message : *messages.list()) {
    const std::string role = text_of(message.find("role"));
    if (role == "user") turns = said;
    if (role != "assistant") {
      turns += role + '\n';
      continue;
    }
    said = std::to_string(mask_text(text_of(message.find("content"))).hash) + '\n';
    turns += said + names_of(evals::calls_of_message(message)) + '\n';
  }
  return turns;
}

std::vector<std::string> tools_of(const PythonValue& request) {
  std::vector<std::string> names;
  const PythonValue* tools = request.find("tools");
  if (tools == nullptr || tools->list() == nullptr) return names;
  for (const PythonValue& tool : *tools->list()) {
    const PythonValue* function = tool.find("function");
    if (function != nullptr) names.push_back(text_of(function->find("name")));
  }
  std::ranges::sort(names);
  return names;
}

/// The message that calls a tool, else the first.
const PythonValue* answer_in(const PythonValue& response) {
  const PythonValue* choices = response.find("choices");
  if (choices == nullptr || choices->list() == nullptr) return nullptr;
  const PythonValue* first = nullptr;
  for (const PythonValue& choice : *choices->list()) {
    const PythonValue* message = choice.find("message");
    if (message == nullptr) continue;
    if (!evals::calls_of_message(*message).empty()) return message;
    if (first == nullptr) first = message;
  }
  return first;
}

std::string violation_of(const PythonValue& tools, const std::vector<evals::ToolCall>& calls) {
  for (const auto& call : calls) {
    if (!evals::has_tool(tools, call.name)) return "the request has no tool " + shown(call.name);
    if (!call.has_arguments) continue;
    const std::string found = evals::ArgumentSchema(evals::parameters_of(tools, call.name)).violation(call.arguments);
    if (!found.empty()) return shown(call.name) + ": " + shown(found);
  }
  return {};
}

/// What a model could know from a request. Most values stand in it as they are: only for the others is it taken apart.
class Known final {
 public:
  Known(std::string_view text, const PythonValue& request) : text_(text), request_(request) {}

  [[nodiscard]] bool lacks(const PythonValue& value) {
    if (const std::string* text = value.string(); text != nullptr && text_.find(*text) != text_.npos) return false;
    if (!facts_) {
      facts_.emplace("");
      for (const std::string_view part : {"messages", "tools"}) {
        if (const PythonValue* found = request_.find(part)) facts_->add(*found);
      }
    }
    return facts_->lacks(value);
  }

 private:
  std::string_view text_;
  const PythonValue& request_;
  std::optional<evals::RequestFacts> facts_;
};

}  // namespace

struct SuspectFinder::Usual {
  struct Taken {
    std::uint64_t of = 0;
    std::uint64_t made_up = 0;
  };
  std::unordered_map<std::uint64_t, std::map<std::string, std::uint64_t>> answers;  // by situation
  std::unordered_map<std::string, Taken> arguments;
  std::set<std::string> tools;  // that half of the rows with tools have
  double foreign_share = 0;     // of the rows with tools that have none of these
};

void SuspectFinder::look(std::size_t row, std::uint64_t last_user, std::string_view request,
                         std::string_view response) {
  seen_[row] = read(last_user, request, response);
}

SuspectFinder::Seen SuspectFinder::read(std::uint64_t last_user, std::string_view request_text,
                                        std::string_view response_text) {
  Seen seen;
  const auto request = evals::parse_python_json(request_text);
  const auto response = evals::parse_python_json(response_text);
  if (!request.ok() || !response.ok()) return seen;
  const PythonValue* messages = request->find("messages");
  const PythonValue* answer = answer_in(*response);
  if (messages == nullptr || messages->list() == nullptr || answer == nullptr) return seen;
  const auto calls = evals::calls_of_message(*answer);
  seen.answer = names_of(calls);
  seen.tools = tools_of(*request);
  std::string situation = std::to_string(last_user) + '\n' + turns_of(*messages);
  for (const std::string& tool : seen.tools) situation += tool + '\n';
  seen.situation = hash64(situation);
  if (seen.tools.empty()) return seen;  // the older `functions` are not judged
  seen.violation = violation_of(*request->find("tools"), calls);
  Known known(request_text, *request);
  for (const auto& call : calls) {
    if (call.arguments.dict() == nullptr) continue;
    for (const auto& [name, value] : *call.arguments.dict()) {
      seen.arguments.push_back({call.name + '.' + name, text_of(&value), known.lacks(value)});
    }
  }
  return seen;
}

std::vector<SuspectFinder::Suspect> SuspectFinder::find(std::span<const std::size_t> training,
                                                        std::span<const std::size_t> rows) const {
  Usual usual;
  std::map<std::string, std::uint64_t> tools;
  std::uint64_t with_tools = 0;
  for (const std::size_t i : training) {
    const Seen& row = seen_[i];
    ++usual.answers[row.situation][row.answer];
    for (const Argument& argument : row.arguments) {
      auto& taken = usual.arguments[argument.name];
      ++taken.of;
      taken.made_up += argument.is_made_up ? 1 : 0;
    }
    with_tools += row.tools.empty() ? 0 : 1;
    for (const std::string& tool : row.tools) ++tools[tool];
  }
  for (const auto& [tool, count] : tools) {
    if (2 * count >= with_tools) usual.tools.insert(tool);
  }
  const auto foreign = std::ranges::count_if(training, [&](std::size_t i) { return is_foreign(seen_[i], usual); });
  usual.foreign_share = with_tools > 0 ? static_cast<double>(foreign) / static_cast<double>(with_tools) : 0;

  std::vector<Suspect> suspects;
  for (const std::size_t i : rows) {
    const Seen& row = seen_[i];
    if (!row.violation.empty()) {
      suspects.push_back({i, reasons::kForbiddenCall, row.violation});
    } else if (std::string detail = made_up(row, usual); !detail.empty()) {
      suspects.push_back({i, reasons::kMadeUpArgument, std::move(detail)});
    } else if (usual.foreign_share < kMostForeign && is_foreign(row, usual)) {
      suspects.push_back({i, reasons::kForeignTools, "its tools: " + shown(row.tools.front()) + " and others"});
    } else if (detail = odd_answer(row, usual); !detail.empty()) {
      suspects.push_back({i, reasons::kOddAnswer, std::move(detail)});
    }
  }
  return suspects;
}

bool SuspectFinder::is_foreign(const Seen& row, const Usual& usual) {
  return !row.tools.empty() && !usual.tools.empty() &&
         std::ranges::none_of(row.tools, [&](const std::string& tool) { return usual.tools.contains(tool); });
}

std::string SuspectFinder::made_up(const Seen& row, const Usual& usual) {
  for (const Argument& argument : row.arguments) {
    if (!argument.is_made_up) continue;
    const auto found = usual.arguments.find(argument.name);
    if (found == usual.arguments.end() || found->second.of < kLeastArguments) continue;
    const std::uint64_t taken = found->second.of - found->second.made_up;
    if (static_cast<double>(taken) < kMostlyTaken * static_cast<double>(found->second.of)) continue;
    return shown(argument.name) + (argument.value.empty() ? "" : " \"" + shown(argument.value) + '"') +
           ", taken from " + std::to_string(taken) + " of " + std::to_string(found->second.of) + " requests";
  }
  return {};
}

std::string SuspectFinder::odd_answer(const Seen& row, const Usual& usual) {
  const auto found = usual.answers.find(row.situation);
  if (found == usual.answers.end()) return {};
  std::uint64_t all = 0;
  const std::pair<const std::string, std::uint64_t>* most = nullptr;
  for (const auto& one : found->second) {
    all += one.second;
    if (most == nullptr || one.second > most->second) most = &one;
  }
  const auto own = found->second.find(row.answer);
  const std::uint64_t alike = own == found->second.end() ? 0 : own->second;
  if (all < kLeastInSituation || static_cast<double>(alike) > kMostOdd * static_cast<double>(all)) return {};
  if (most->second < kTimesAsUsual * alike ||
      static_cast<double>(most->second) < kLeastUsual * static_cast<double>(all))
    return {};
  const auto named = [](const std::string& answer) { return answer.empty() ? "a text" : shown(answer); };
  return named(row.answer) + ", where " + std::to_string(most->second) + " of " + std::to_string(all) +
         " answer with " + named(most->first);
}

}  // namespace fw::dataset

#include "evals/tool_calls/comparison.h"

#include <algorithm>
#include <map>
#include <set>

#include "evals/json_text.h"
#include "evals/tool_calls/argument_schema.h"
#include "evals/tool_calls/assignment.h"
#include "evals/tool_calls/call.h"
#include "evals/tool_calls/json_schema.h"
#include "evals/tool_calls/request_facts.h"

namespace fw::evals {
namespace {

using Indices = std::vector<std::size_t>;

constexpr std::string_view kMistakes[] = {kCalledUnasked, kAnsweredInText, kWrongTool,       kMissingCall,
                                          kSurplusCall,   kWrongArgument,  kMissingArgument, kExtraArgument,
                                          kMadeUpValue,   kInvalidBySchema};
/// Pairs of calls of one tool that are looked at; beyond, calls are paired in order.
constexpr std::size_t kMaxCompared = 250'000;
/// Calls of one tool that differ; each is compared with each.
constexpr std::size_t kMaxPaired = 32;
/// More than any number of arguments: a call without readable arguments is paired last.
constexpr int kUnreadable = 1'000'000;

/// Calls by the name of their tool.
std::map<std::string_view, Indices> by_name(const std::vector<ToolCall>& calls) {
  std::map<std::string_view, Indices> groups;
  for (std::size_t i = 0; i < calls.size(); ++i) groups[calls[i].name].push_back(i);
  return groups;
}

class Comparison {
 public:
  Comparison(const PythonValue& tools, std::vector<ToolCall> expected, std::vector<ToolCall> made,
             std::string_view request)
      : tools_(tools), expected_(std::move(expected)), made_(std::move(made)), request_(request) {
    partner_.resize(expected_.size());
  }

  ToolCallComparison run() {
    Indices expected_left, made_left;
    auto made = by_name(made_);
    for (const auto& [name, expected] : by_name(expected_)) {
      Indices& candidates = made[name];
      pair_calls(expected, candidates, ArgumentSchema(parameters_of(tools_, name)), expected_left);
      made_left.insert(made_left.end(), candidates.begin(), candidates.end());
      candidates.clear();
    }
    for (const auto& [name, rest] : made) made_left.insert(made_left.end(), rest.begin(), rest.end());
    std::sort(expected_left.begin(), expected_left.end());
    std::sort(made_left.begin(), made_left.end());
    describe(expected_left, made_left);
    return finish();
  }

 private:
  /// Pairs calls of one tool; what is left of `made` stays in it, of `expected` goes to `left`.
  void pair_calls(Indices expected, Indices& made, const ArgumentSchema& schema, Indices& left) {
    // Equal calls first: a cheapest pairing with them always exists, since differing arguments are a metric.
    if (expected.size() * made.size() <= kMaxCompared)
      std::erase_if(expected, [&](std::size_t e) {
        const auto equal =
            std::find_if(made.begin(), made.end(), [&](std::size_t m) { return is_equal(e, m, schema); });
        if (equal == made.end()) return false;
        partner_[e] = *equal;
        made.erase(equal);
        return true;
      });
    const auto columns = expected.size() <= kMaxPaired && made.size() <= kMaxPaired
                             ? cheapest_pairs(costs(expected, made, schema))
                             : in_order(expected.size(), made.size());
    std::set<std::size_t> taken;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (!columns[i]) {
        left.push_back(expected[i]);
        continue;
      }
      partner_[expected[i]] = made[*columns[i]];
      taken.insert(made[*columns[i]]);
    }
    std::erase_if(made, [&](std::size_t m) { return taken.contains(m); });
  }

  static std::vector<std::optional<std::size_t>> in_order(std::size_t rows, std::size_t columns) {
    std::vector<std::optional<std::size_t>> pairs(rows);
    for (std::size_t i = 0; i < std::min(rows, columns); ++i) pairs[i] = i;
    return pairs;
  }

  [[nodiscard]] std::vector<std::vector<int>> costs(const Indices& expected, const Indices& made,
                                                    const ArgumentSchema& schema) const {
    std::vector<std::vector<int>> out;
    for (const std::size_t e : expected) {
      auto& row = out.emplace_back();
      for (const std::size_t m : made)
        row.push_back(made_[m].has_arguments ? static_cast<int>(differences(e, m, schema).size()) : kUnreadable);
    }
    return out;
  }

  [[nodiscard]] bool is_equal(std::size_t e, std::size_t m, const ArgumentSchema& schema) const {
    const ToolCall &expected = expected_[e], &made = made_[m];
    if (!expected.has_arguments || !made.has_arguments)
      return expected.has_arguments == made.has_arguments && is_same_json(expected.arguments, made.arguments);
    return differing(expected, made, schema).empty();
  }

  /// Names of the arguments in which two calls with readable arguments differ.
  static std::vector<std::string> differing(const ToolCall& expected, const ToolCall& made,
                                            const ArgumentSchema& schema) {
    std::set<std::string> names;
    for (const auto& [name, value] : *expected.arguments.dict()) names.insert(name);
    for (const auto& [name, value] : *made.arguments.dict()) names.insert(name);
    std::vector<std::string> out;
    for (const std::string& name : names)
      if (!schema.is_same_argument(name, expected.arguments.find(name), made.arguments.find(name))) out.push_back(name);
    return out;
  }

  /// None where the answer's arguments are no object: its violation says so. Where only production's are none, they
  /// differ as a whole.
  [[nodiscard]] std::vector<ArgumentDifference> differences(std::size_t e, std::size_t m,
                                                            const ArgumentSchema& schema) const {
    const ToolCall &expected = expected_[e], &made = made_[m];
    if (!made.has_arguments) return {};
    if (!expected.has_arguments)
      return {{.mistake = kWrongArgument,
               .reference = to_json_text(expected.arguments),
               .answer = to_json_text(made.arguments)}};
    std::vector<ArgumentDifference> out;
    for (const std::string& name : differing(expected, made, schema)) {
      const PythonValue *theirs = expected.arguments.find(name), *its = made.arguments.find(name);
      out.push_back({.name = name,
                     .mistake = !its      ? kMissingArgument
                                : !theirs ? kExtraArgument
                                          : kWrongArgument,
                     .reference = theirs ? to_json_text(*theirs) : "",
                     .answer = its ? to_json_text(*its) : ""});
    }
    return out;
  }

  void describe(const Indices& expected_left, const Indices& made_left) {
    // Calls of other tools stand in for those that are missing, in order.
    const std::size_t replaced = std::min(expected_left.size(), made_left.size());
    for (std::size_t i = 0; i < replaced; ++i) partner_[expected_left[i]] = made_left[i];
    for (std::size_t e = 0; e < expected_.size(); ++e) describe_pair(e);
    for (std::size_t i = replaced; i < made_left.size(); ++i) {
      out_.calls.push_back({.mistake = kSurplusCall, .answer = made_left[i], .answer_name = made_[made_left[i]].name});
      check_call(out_.calls.back());
    }
  }

  void describe_pair(std::size_t e) {
    CallComparison call{.reference = e, .answer = partner_[e], .reference_name = expected_[e].name};
    if (!partner_[e]) {
      call.mistake = kMissingCall;
      out_.calls.push_back(std::move(call));
      return;
    }
    const std::size_t m = *partner_[e];
    call.answer_name = made_[m].name;
    if (call.answer_name != call.reference_name) call.mistake = kWrongTool;
    const ArgumentSchema schema(parameters_of(tools_, call.answer_name));
    const bool equal = call.mistake.empty() && is_equal(e, m, schema);
    if (!equal && call.mistake.empty()) call.arguments = differences(e, m, schema);
    out_.calls.push_back(std::move(call));
    if (!equal) check_call(out_.calls.back());
  }

  /// Marks what is wrong with a call of the answer beside that it is not production's.
  void check_call(CallComparison& call) {
    const ToolCall& made = made_[*call.answer];
    if (!made.has_arguments) {
      call.violation = "the arguments are no JSON object";
      return;
    }
    if (!is_known_tool(made.name)) {
      call.violation = json_quoted(made.name) + " is no tool of the request";
    } else if (const PythonValue* parameters = parameters_of(tools_, made.name)) {
      call.violation = JsonSchema(*parameters).violation(made.arguments);
    }
    for (ArgumentDifference& difference : call.arguments)
      if (const PythonValue* value = made.arguments.find(difference.name))
        difference.is_made_up = facts().lacks(*value);
    if (!call.mistake.empty()) has_made_up_ = has_made_up_ || facts().lacks(made.arguments);
  }

  /// Of a request without tools none is known to be unknown.
  [[nodiscard]] bool is_known_tool(std::string_view name) const {
    return !tools_.list() || tools_.list()->empty() || has_tool(tools_, name);
  }

  /// What the model could know; production's own arguments are no inventions either.
  const RequestFacts& facts() {
    if (facts_) return *facts_;
    facts_.emplace(request_);
    for (const ToolCall& call : expected_) facts_->add(call.arguments);
    return *facts_;
  }

  ToolCallComparison finish() {
    std::set<std::string_view> kinds;
    for (const CallComparison& call : out_.calls) {
      if (!call.mistake.empty()) kinds.insert(call.mistake);
      if (!call.violation.empty()) kinds.insert(kInvalidBySchema);
      for (const ArgumentDifference& difference : call.arguments) {
        kinds.insert(difference.mistake);
        if (difference.is_made_up) kinds.insert(kMadeUpValue);
      }
    }
    if (has_made_up_) kinds.insert(kMadeUpValue);
    // Where one side does not call at all, that is the mistake.
    if (expected_.empty()) kinds.erase(kSurplusCall), kinds.insert(kCalledUnasked);
    if (made_.empty()) kinds.erase(kMissingCall), kinds.insert(kAnsweredInText);
    for (const std::string_view mistake : kMistakes)
      if (kinds.contains(mistake)) out_.mistakes.emplace_back(mistake);
    out_.exact = out_.mistakes.empty();
    return std::move(out_);
  }

  const PythonValue& tools_;
  std::vector<ToolCall> expected_, made_;
  std::string_view request_;
  std::vector<std::optional<std::size_t>> partner_;  ///< of production's calls
  std::optional<RequestFacts> facts_;                ///< read only where a value must be looked up
  bool has_made_up_ = false;
  ToolCallComparison out_;
};

}  // namespace

ToolCallComparison compare_tool_calls(const PythonValue& tools, const PythonValue& reference_calls,
                                      const PythonValue& answer_message, std::string_view request_json) {
  auto expected = read_tool_calls(reference_calls);
  auto made = calls_of_message(answer_message);
  if (expected.empty() && made.empty()) return {.exact = true};
  return Comparison(tools, std::move(expected), std::move(made), request_json).run();
}

PythonValue tools_of_request(std::string_view request_json) {
  const auto request = parse_python_json(request_json);
  if (!request) return {};
  for (const std::string_view key : {"tools", "functions"})
    if (const PythonValue* found = request->find(key); found && found->is_true()) return *found;
  return {};
}

}  // namespace fw::evals

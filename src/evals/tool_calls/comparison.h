#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evals/python_json.h"

namespace fw::evals {

// Kinds of mistakes, as row results and reports name them.
inline constexpr std::string_view kCalledUnasked = "called where production answered";
inline constexpr std::string_view kAnsweredInText = "answered where production called";
inline constexpr std::string_view kWrongTool = "wrong tool";
inline constexpr std::string_view kMissingCall = "missing call";
inline constexpr std::string_view kSurplusCall = "surplus call";
inline constexpr std::string_view kWrongArgument = "wrong argument";
inline constexpr std::string_view kMissingArgument = "missing argument";
inline constexpr std::string_view kExtraArgument = "extra argument";
inline constexpr std::string_view kMadeUpValue = "made-up value";
inline constexpr std::string_view kInvalidBySchema = "invalid by schema";

/// An argument in which two calls of one tool differ.
struct ArgumentDifference {
  std::string name;          ///< empty: of production's arguments, which are no object, as a whole
  std::string_view mistake;  ///< kWrongArgument, kMissingArgument or kExtraArgument
  std::string reference;     ///< JSON; empty where production left it out
  std::string answer;        ///< JSON; empty where the answer left it out
  bool is_made_up = false;   ///< the answer's value stands in no part of the request
};

/// A call of production beside the call of the answer that comes closest to it.
struct CallComparison {
  std::string_view mistake;              ///< kWrongTool, kMissingCall, kSurplusCall; empty where one tool is called
  std::optional<std::size_t> reference;  ///< index among production's calls; none of a surplus call
  std::optional<std::size_t> answer;     ///< index among the answer's calls; none of a missing call
  std::string reference_name, answer_name;
  std::vector<ArgumentDifference> arguments;  ///< in order of their names; empty where the calls are equal
  std::string violation;                      ///< what the tool's schema forbids of the answer's call; empty: nothing

  [[nodiscard]] bool is_equal() const { return mistake.empty() && arguments.empty() && violation.empty(); }
};

struct ToolCallComparison {
  bool exact = false;
  std::vector<std::string> mistakes;  ///< kinds, each once, in the order of the list above; empty when exact
  std::vector<CallComparison> calls;  ///< production's calls in their order, then the surplus ones
};

/// Compares the tool calls of an answer with those of production as an application would carry them out.
///
/// Calls are a multiset: their order does not matter, their number does. Names are equal exactly. Arguments are read by
/// read_arguments and compared by JSON value: numbers by value (1 is 1.0, true is not 1), an argument that is left out
/// is the default of the tool's schema, also within objects and lists. Of several calls of one tool, those that agree
/// best are paired; above 32 that differ they are paired in order. Production's own values are never mistakes: a call
/// that equals production's is right even where the schema forbids it.
///
/// `tools` is the request's list, `reference_calls` a `tool_calls` list, `answer_message` a message, `request_json` the
/// request in which values are looked up before they count as made up. Any shape of any of them is allowed.
[[nodiscard]] ToolCallComparison compare_tool_calls(const PythonValue& tools, const PythonValue& reference_calls,
                                                    const PythonValue& answer_message, std::string_view request_json);

/// The `tools` of a request, or the `functions` that they replaced; null when it has none.
[[nodiscard]] PythonValue tools_of_request(std::string_view request_json);

}  // namespace fw::evals

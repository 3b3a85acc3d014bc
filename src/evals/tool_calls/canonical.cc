#include "evals/tool_calls/canonical.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "evals/json_text.h"
#include "evals/tool_calls/argument_schema.h"

namespace fw::evals {
namespace {

void append(std::string& out, const PythonValue& value);

void append_number(std::string& out, double number) {
  std::array<char, 400> digits;  // a double has 309 of them before its point
  if (number == 0) number = 0;   // without a sign
  // All digits of a whole number, as an integer has them.
  const bool is_whole = std::isfinite(number) && number == std::trunc(number);
  const auto end = is_whole
                       ? std::to_chars(digits.begin(), digits.end(), number, std::chars_format::fixed, 0)
                       : std::to_chars(digits.begin(), digits.end(), std::isnan(number) ? std::abs(number) : number);
  out.append(digits.data(), end.ptr);
}

void append(std::string& out, const PythonValue& value) {
  if (const auto* integer = value.integer()) {
    out += (integer->negative ? "-" : "") + integer->digits;
  } else if (const double* number = value.floating()) {
    append_number(out, *number);
  } else if (const bool* boolean = value.boolean()) {
    out += *boolean ? "true" : "false";
  } else if (const std::string* text = value.string()) {
    out += json_quoted(*text);
  } else if (const auto* list = value.list()) {
    out += '[';
    for (const PythonValue& item : *list) append(out, item), out += ',';
    out += ']';
  } else if (const auto* dict = value.dict()) {
    out += '{';
    for (const auto& [name, member] : *dict) out += json_quoted(name) + ':', append(out, member), out += ',';
    out += '}';
  } else {
    out += "null";
  }
}

std::string canonical_call(const PythonValue& tools, const ToolCall& call) {
  std::string out = json_quoted(call.name);
  out += call.has_arguments ? ' ' : '!';  // what could not be read is equal to itself alone
  const ArgumentSchema schema(parameters_of(tools, call.name));
  append(out, call.has_arguments ? schema.without_defaults(call.arguments) : call.arguments);
  return out;
}

}  // namespace

std::string canonical_calls(const PythonValue& tools, const std::vector<ToolCall>& calls) {
  std::vector<std::string> texts;
  for (const ToolCall& call : calls) texts.push_back(canonical_call(tools, call));
  std::ranges::sort(texts);
  std::string out;
  for (const std::string& text : texts) out += text + '\n';
  return out;
}

}  // namespace fw::evals

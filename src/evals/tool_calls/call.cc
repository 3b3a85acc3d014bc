#include "evals/tool_calls/call.h"

#include <string_view>

namespace fw::evals {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
/// Braces in the words before the arguments that are tried.
constexpr int kMaxBraces = 16;

std::string_view without_margins(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  while (true) {
    if (text.starts_with(kByteOrderMark)) {
      text.remove_prefix(kByteOrderMark.size());
    } else if (!text.empty() && kSpace.find(text.front()) != std::string_view::npos) {
      text.remove_prefix(1);
    } else if (!text.empty() && kSpace.find(text.back()) != std::string_view::npos) {
      text.remove_suffix(1);
    } else {
      return text;
    }
  }
}

/// One past the brace that closes the object at the front; 0 when none does.
std::size_t object_end(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return 0;
}

/// The one object in a text that has other words around it: two would leave open which one is meant.
std::optional<PythonValue> only_object(std::string_view text) {
  std::size_t open = text.find('{');
  for (int tries = 0; tries < kMaxBraces && open != std::string_view::npos; ++tries) {
    const std::size_t size = object_end(text.substr(open));
    if (size > 0) {
      auto value = parse_python_json(text.substr(open, size));
      if (value) {
        if (text.find('{', open + size) != std::string_view::npos) return std::nullopt;
        return std::move(value).value();
      }
    }
    open = text.find('{', open + 1);
  }
  return std::nullopt;
}

std::optional<PythonValue> read_text(std::string_view text, bool may_be_quoted) {
  text = without_margins(text);
  if (text.empty()) return PythonValue(PythonValue::Dict{});
  auto value = parse_python_json(text);
  if (!value) return only_object(text);
  if (value->dict()) return std::move(value).value();
  if (value->is_none()) return PythonValue(PythonValue::Dict{});
  if (value->string() && may_be_quoted) return read_text(*value->string(), false);
  return std::nullopt;
}

ToolCall read_call(const PythonValue& function) {
  ToolCall call;
  if (const PythonValue* name = function.find("name"); name && name->string()) call.name = *name->string();
  const PythonValue* given = function.find("arguments");
  auto arguments = read_arguments(given);
  call.has_arguments = arguments.has_value();
  call.arguments = arguments ? std::move(*arguments) : *given;
  return call;
}

}  // namespace

std::optional<PythonValue> read_arguments(const PythonValue* arguments) {
  if (!arguments || arguments->is_none()) return PythonValue(PythonValue::Dict{});
  if (arguments->dict()) return *arguments;
  if (arguments->string()) return read_text(*arguments->string(), true);
  return std::nullopt;
}

std::vector<ToolCall> read_tool_calls(const PythonValue& calls) {
  std::vector<ToolCall> read;
  if (!calls.list()) return read;
  for (const PythonValue& entry : *calls.list()) {
    const PythonValue* function = entry.find("function");
    read.push_back(read_call(function && function->dict() ? *function : entry));
  }
  return read;
}

std::vector<ToolCall> calls_of_message(const PythonValue& message) {
  if (const PythonValue* calls = message.find("tool_calls"); calls && calls->is_true()) return read_tool_calls(*calls);
  const PythonValue* legacy = message.find("function_call");
  if (!legacy || !legacy->dict()) return {};
  return {read_call(*legacy)};
}

PythonValue to_value(const ToolCall& call) {
  PythonValue::Dict function{{"name", PythonValue(call.name)}, {"arguments", call.arguments}};
  return PythonValue(PythonValue::Dict{{"type", PythonValue(std::string("function"))},
                                       {"function", PythonValue(std::move(function))}});
}

}  // namespace fw::evals

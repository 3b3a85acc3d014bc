#include "review/shown_answer.h"

#include <nlohmann/json.hpp>

namespace fw::review {
namespace {

using Json = nlohmann::ordered_json;

Json member(const Json& object, const char* key) { return object.is_object() ? object.value(key, Json()) : Json(); }

/// Keys in order, whatever order they came in.
std::string sorted_text(const std::string& json) {
  const auto parsed = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  return parsed.is_discarded() ? json : parsed.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string arguments_text(const Json& arguments) {
  if (arguments.is_string()) return sorted_text(arguments.get<std::string>());
  if (arguments.is_null()) return "{}";
  return sorted_text(arguments.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Json shown_call(const Json& function, std::size_t number) {
  return {
      {"id", "call_" + std::to_string(number)},
      {"type", "function"},
      {"function", {{"name", member(function, "name")}, {"arguments", arguments_text(member(function, "arguments"))}}}};
}

/// The text, of parts the texts of them all; null where there is none.
Json shown_content(const Json& content) {
  if (content.is_string()) return content.get_ref<const std::string&>().empty() ? Json() : content;
  if (!content.is_array()) return nullptr;
  std::string text;
  for (const Json& part : content) {
    const Json said = member(part, "text");
    if (!said.is_string()) return content;  // a picture, or another thing that is no text
    text += said.get_ref<const std::string&>();
  }
  return text.empty() ? Json() : Json(text);
}

}  // namespace

Json shown_answer(const Json& message) {
  if (!message.is_object()) return nullptr;
  Json out{{"role", "assistant"}, {"content", shown_content(member(message, "content"))}};
  Json calls = Json::array();
  for (const Json& call : member(message, "tool_calls"))
    calls.push_back(shown_call(member(call, "function"), calls.size() + 1));
  if (const Json old_form = member(message, "function_call"); old_form.is_object())
    calls.push_back(shown_call(old_form, 1));
  if (!calls.empty()) out["tool_calls"] = std::move(calls);
  return out;
}

}  // namespace fw::review

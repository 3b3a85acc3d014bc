#include "dataset/impl/request_key.h"

#include <algorithm>
#include <vector>

#include "base/hash.h"
#include "dataset/impl/chat.h"

namespace fw::dataset {
namespace {

void append_part(std::string_view part, std::string& out) {
  out += std::to_string(part.size());
  out += ':';
  out += part;
}

/// A content of one text part is its text.
void append_content(const Json& content, std::string& out) {
  const bool one_text = content.is_array() && content.size() == 1 && string_member(content.front(), "type") == "text" &&
                        content.front().size() == 2 && member(content.front(), "text") != nullptr;
  append_canonical(one_text ? *member(content.front(), "text") : content, out);
}

bool says_nothing(const Json& message, const std::string& key, const Json& value) {
  if (value.is_null()) return true;
  if (key == "tool_calls") return value.empty();
  return key == "content" && has_role(message, "assistant") && value.is_string() &&
         value.get_ref<const std::string&>().empty();
}

void append_message(const Json& message, std::string& out) {
  std::vector<std::pair<std::string_view, const Json*>> members;
  for (auto it = message.begin(); it != message.end(); ++it) {
    if (!says_nothing(message, it.key(), *it)) members.emplace_back(it.key(), &*it);
  }
  std::sort(members.begin(), members.end());
  out += '{';
  for (const auto& [key, value] : members) {
    append_part(key, out);
    key == "content" ? append_content(*value, out) : append_canonical(*value, out);
  }
  out += '}';
}

bool is_default(std::string_view key, const Json& value, bool has_tools) {
  if (value.is_array()) return value.empty();
  if (key == "tool_choice")
    return value.is_string() && value.get_ref<const std::string&>() == (has_tools ? "auto" : "none");
  return key == "response_format" && string_member(value, "type") == "text";
}

void append_arguments(const Json& function, std::string& out) {
  const Json* arguments = member(function, "arguments");
  if (arguments == nullptr) return;
  if (arguments->is_string()) {
    const auto& text = arguments->get_ref<const std::string&>();
    const std::optional<Json> parsed = parse_json(text);
    return parsed ? append_canonical(*parsed, out) : append_part(text, out);
  }
  append_canonical(*arguments, out);
}

void append_calls(const Json& message, std::string& out) {
  const Json* calls = tool_calls_of(message);
  if (calls == nullptr) return;
  for (const Json& call : *calls) {
    out += '(';
    const Json* function = member(call, "function");
    if (function == nullptr) continue;
    append_part(string_member(*function, "name"), out);
    append_arguments(*function, out);
  }
}

void append_said(const Json& message, std::string& out) {
  const Json* content = member(message, "content");
  const bool plain = content == nullptr || content->is_string();
  plain ? append_part(text_of(message), out) : append_content(*content, out);
  append_calls(message, out);
}

}  // namespace

std::string request_key(const Json& request) {
  std::string bytes;
  if (const Json* messages = member(request, "messages"); messages != nullptr && messages->is_array()) {
    for (const Json& message : *messages) append_message(message, bytes);
  }
  const Json* tools = member(request, "tools");
  const bool has_tools = tools != nullptr && !tools->empty();
  for (const char* key : {"tools", "tool_choice", "response_format", "functions", "function_call"}) {
    const Json* value = member(request, key);
    if (value == nullptr || is_default(key, *value, has_tools)) continue;
    append_part(key, bytes);
    append_canonical(*value, bytes);
  }
  return sha256_hex(bytes);
}

std::uint64_t answer_hash(const Json& answer) {
  std::string bytes;
  append_said(answer, bytes);
  return hash64(bytes);
}

std::uint64_t turn_hash(const Json& message) {
  std::string bytes;
  const std::string& role = string_member(message, "role");
  append_part(role.empty() ? "assistant" : role, bytes);
  append_part(string_member(message, "name"), bytes);
  append_said(message, bytes);
  return hash64(bytes);
}

}  // namespace fw::dataset

#include "dataset/impl/chat.h"

namespace fw::dataset {

bool is_system(const Json& message) { return has_role(message, "system") || has_role(message, "developer"); }
bool has_role(const Json& message, std::string_view role) { return string_member(message, "role") == role; }

std::string text_of(const Json& message) {
  const Json* content = member(message, "content");
  if (content == nullptr) return "";
  if (content->is_string()) return content->get<std::string>();
  std::string text;
  if (content->is_array()) {
    for (const Json& part : *content) text += part.is_string() ? part.get<std::string>() : string_member(part, "text");
  }
  return text;
}

std::string last_user_text(const Json& request) {
  const Json* messages = member(request, "messages");
  if (messages == nullptr || !messages->is_array()) return "";
  for (auto it = messages->rbegin(); it != messages->rend(); ++it) {
    if (has_role(*it, "user")) return text_of(*it);
  }
  return "";
}

const Json* tool_calls_of(const Json& message) {
  const Json* calls = member(message, "tool_calls");
  return calls != nullptr && calls->is_array() && !calls->empty() ? calls : nullptr;
}

namespace {

const Json* message_of_choice(const Json& response, std::size_t index) {
  const Json* choices = member(response, "choices");
  if (choices == nullptr || !choices->is_array() || index >= choices->size()) return nullptr;
  return member((*choices)[index], "message");
}

}  // namespace

std::size_t answer_index(const Json& response) {
  for (std::size_t i = 0; const Json* message = message_of_choice(response, i); ++i) {
    if (tool_calls_of(*message) != nullptr) return i;
  }
  return 0;
}

const Json* answer_of(const Json& response) { return message_of_choice(response, answer_index(response)); }

}  // namespace fw::dataset

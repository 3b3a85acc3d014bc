#include <algorithm>
#include <array>
#include <utility>

#include "capture/formats/impl/other_apis.h"

/// Ollama's own API: /api/chat and /api/generate.
namespace fw::capture {
namespace {

/// The picture's kind, by how base64 of its first bytes begins.
std::string data_url(const std::string& base64) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kKinds{
      {{"/9j/", "image/jpeg"}, {"R0lGOD", "image/gif"}, {"UklGR", "image/webp"}}};
  std::string_view kind = "image/png";
  for (const auto& [begin, name] : kKinds) {
    if (base64.starts_with(begin)) kind = name;
  }
  return "data:" + std::string(kind) + ";base64," + base64;
}

/// A message with its pictures as parts of its content, and its thinking where others have it.
Json message_of(Json message) {
  if (!message.is_object()) return message;
  const Json* images = find(message, "images");
  if (images != nullptr && images->is_array() && !images->empty()) {
    Json parts = Json::array({{{"type", "text"}, {"text", text_at(message, "content")}}});
    for (const Json& image : *images) {
      if (image.is_string())
        parts.push_back({{"type", "image_url"}, {"image_url", {{"url", data_url(image.get<std::string>())}}}});
    }
    message["content"] = std::move(parts);
  }
  if (const std::string thinking = text_at(message, "thinking"); !thinking.empty())
    message["reasoning_content"] = thinking;
  for (const char* key : {"images", "thinking"}) message.erase(key);
  return message;
}

Json messages_of(const Json& request) {
  Json out = Json::array();
  if (const Json* messages = find(request, "messages"); messages != nullptr && messages->is_array()) {
    for (const Json& message : *messages) out.push_back(message_of(message));
    return out;
  }
  if (const std::string system = text_at(request, "system"); !system.empty())
    out.push_back({{"role", "system"}, {"content", system}});
  Json message{{"role", "user"}, {"content", text_at(request, "prompt")}};
  if (const Json* images = find(request, "images")) message["images"] = *images;
  out.push_back(message_of(std::move(message)));
  return out;
}

void read_settings(const Json& request, Json& out) {
  Json unmapped = Json::array();
  const Json* given = find(request, "options");
  const Json options = given != nullptr && given->is_object() ? *given : Json::object();
  for (const auto& [name, value] : options.items()) {
    constexpr std::array<std::string_view, 6> kKnown{"temperature",      "top_p", "seed", "stop", "presence_penalty",
                                                     "frequency_penalty"};
    if (name == "num_predict") {
      if (value.is_number() && value > 0) out["max_tokens"] = value;
    } else if (std::ranges::find(kKnown, name) != kKnown.end()) {
      out[name] = value;
    } else if (unmapped.size() < 16) {
      unmapped.push_back("options." + name.substr(0, 64));
    }
  }
  if (const Json* format = find(request, "format"); format != nullptr && *format != "") {
    out["response_format"] = {{"type", format->is_object() ? "json_schema" : "json_object"}};
    if (format->is_object()) out["response_format"]["json_schema"] = {{"name", "response"}, {"schema", *format}};
  }
  out["flywheel"] = {{"dialect", "ollama"}};
  if (!unmapped.empty()) out["flywheel"]["not_mapped"] = std::move(unmapped);
}

/// The pieces of a streamed answer as one.
Json whole_answer(const Json& response) {
  if (!response.is_array()) return response;
  Json out = Json::object();
  std::string content, thinking, text;
  Json calls = Json::array();
  for (const Json& piece : response) {
    for (const auto& [key, value] : piece.items()) out[key] = value;
    text += text_at(piece, "response");
    const Json* message = find(piece, "message");
    if (message == nullptr) continue;
    content += text_at(*message, "content");
    thinking += text_at(*message, "thinking");
    const Json* more = find(*message, "tool_calls");
    if (more != nullptr && more->is_array()) calls.insert(calls.end(), more->begin(), more->end());
  }
  out["response"] = text;
  if (!out.contains("message")) return out;
  out["message"] = {{"role", "assistant"}, {"content", content}, {"thinking", thinking}};
  if (!calls.empty()) out["message"]["tool_calls"] = std::move(calls);
  return out;
}

}  // namespace

Result<Draft> draft_of_ollama(const Json& request, const Json& response) {
  const Json answered = whole_answer(response);
  FW_ASSIGN(Json messages, chat_messages(messages_of(request)));
  Json asked{{"model", text_at(request, "model")}, {"messages", std::move(messages)}};
  if (const Json tools = chat_tools(request); !tools.is_null()) asked["tools"] = tools;
  read_settings(request, asked);
  const Json* done = find(answered, "done");
  if (done == nullptr || *done != true) return invalid_argument("a call of Ollama's own API whose answer has no end");
  const Json* message = find(answered, "message");
  const Json written = message != nullptr ? message_of(*message)
                                          : Json{{"role", "assistant"}, {"content", text_at(answered, "response")}};
  FW_ASSIGN(Json answer, chat_answer(written));
  Json out = response_around(std::move(answer), find(answered, "model"));
  if (text_at(answered, "done_reason") == "length") out["choices"][0]["finish_reason"] = "length";
  const Json* prompt = find(answered, "prompt_eval_count");
  const Json* made = find(answered, "eval_count");
  if (prompt != nullptr && made != nullptr && prompt->is_number_unsigned() && made->is_number_unsigned()) {
    const auto total = prompt->get<std::uint64_t>() + made->get<std::uint64_t>();
    out["usage"] = {{"prompt_tokens", *prompt}, {"completion_tokens", *made}, {"total_tokens", total}};
  }
  return Draft{.request = to_text(asked), .response = to_text(out), .timestamp = time_at(answered, {"created_at"})};
}

}  // namespace fw::capture

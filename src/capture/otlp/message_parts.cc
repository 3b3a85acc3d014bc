#include "capture/otlp/impl/message_parts.h"

#include "codec/json_member.h"
#include "codec/json_slicer.h"

namespace fw::capture::otlp {
namespace {

const Json* find(const Json& object, std::initializer_list<const char*> keys) {
  if (!object.is_object()) return nullptr;
  for (const char* key : keys) {
    const auto found = object.find(key);
    if (found != object.end() && !found->is_null()) return &*found;
  }
  return nullptr;
}

/// Pictures, sounds and files as the API's parts of content.
Json media_part(const Json& part) {
  const std::string kind = codec::text_at(part, "type");
  const std::string modality = codec::text_at(part, "modality");
  const std::string mime = codec::text_at(part, "mime_type");
  if (kind == "file") return {{"type", "file"}, {"file", {{"file_id", codec::text_at(part, "file_id")}}}};
  const std::string url = kind == "uri"
                              ? codec::text_at(part, "uri")
                              : "data:" + mime + ";base64," + codec::text_at(part, kind == "blob" ? "content" : "data");
  if (modality == "image" || mime.starts_with("image/")) {
    return {{"type", "image_url"}, {"image_url", {{"url", url}}}};
  }
  if (kind == "blob" && (modality == "audio" || mime.starts_with("audio/"))) {
    const auto slash = mime.find('/');
    return {{"type", "input_audio"},
            {"input_audio",
             {{"data", codec::text_at(part, "content")},
              {"format", slash == std::string::npos ? "" : mime.substr(slash + 1)}}}};
  }
  return part;
}

/// What the parts of one message make together.
struct Assembled {
  Json content = Json::array();
  std::string reasoning;
  Json calls = Json::array();
  Json results = Json::array();  ///< messages of tools
};

void take_part(const Json& part, Assembled& into) {
  if (part.is_string()) {
    into.content.push_back({{"type", "text"}, {"text", part}});
    return;
  }
  const std::string kind = codec::text_at(part, "type");
  if (kind == "text") {
    const Json* text = find(part, {"content", "text"});
    into.content.push_back({{"type", "text"}, {"text", text == nullptr ? "" : as_text(*text)}});
  } else if (kind == "reasoning" || kind == "thinking") {
    const Json* text = find(part, {"content", "text"});
    if (text != nullptr) into.reasoning += as_text(*text);
  } else if (kind == "tool_call") {
    const Json* id = find(part, {"id"});
    const Json* name = find(part, {"name"});
    const Json* arguments = find(part, {"arguments"});
    into.calls.push_back(tool_call(id ? *id : Json(), name ? *name : Json(""), arguments ? *arguments : Json("{}")));
  } else if (kind == "tool_call_response") {
    const Json* id = find(part, {"id"});
    const Json* result = find(part, {"response", "result", "content"});
    into.results.push_back({{"role", "tool"},
                            {"tool_call_id", id ? *id : Json("")},
                            {"content", result ? Json(as_text(*result)) : Json("")}});
  } else if (kind == "blob" || kind == "uri" || kind == "file") {
    into.content.push_back(media_part(part));
  } else {
    into.content.push_back(part);
  }
}

/// One text is a text; several parts stay parts.
Json content_of(const Assembled& assembled) {
  if (assembled.content.empty()) return nullptr;
  if (assembled.content.size() == 1 && codec::text_at(assembled.content[0], "type") == "text") {
    return assembled.content[0]["text"];
  }
  return assembled.content;
}

Assembled assemble(const Json& parts) {
  Assembled assembled;
  if (parts.is_array()) {
    for (const Json& part : parts) take_part(part, assembled);
  } else {
    take_part(parts, assembled);
  }
  return assembled;
}

/// The API's message out of parts; nothing of it where they are results of tools alone.
Json message_of(const std::string& role, const Assembled& assembled) {
  Json message{{"role", role.empty() ? "user" : role}, {"content", content_of(assembled)}};
  if (!assembled.reasoning.empty()) message["reasoning_content"] = assembled.reasoning;
  if (!assembled.calls.empty()) message["tool_calls"] = assembled.calls;
  return message;
}

}  // namespace

Json unpacked(const Json* value) {
  if (value == nullptr) return nullptr;
  if (!value->is_string()) return *value;
  const std::string& text = value->get_ref<const std::string&>();
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || (text[first] != '{' && text[first] != '[')) return *value;
  codec::JsonSlicer slicer;
  const bool is_json = text[first] == '{' ? slicer.members(text).ok() : slicer.elements(text).ok();
  return is_json ? Json::parse(text, nullptr, false) : *value;
}

std::string as_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? "" : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json tool_call(const Json& id, const Json& name, const Json& arguments) {
  Json call = Json::object();
  if (id.is_string() && !id.get_ref<const std::string&>().empty()) call["id"] = id;
  call["type"] = "function";
  call["function"] = {{"name", as_text(name)}, {"arguments", arguments.is_null() ? "{}" : as_text(arguments)}};
  return call;
}

void append_message(const Json& message, Json& messages) {
  if (message.is_string()) {
    messages.push_back({{"role", "user"}, {"content", message}});
    return;
  }
  if (!message.is_object()) return;
  const auto parts = message.find("parts");
  if (parts == message.end()) {
    messages.push_back(message);
    return;
  }
  const Assembled assembled = assemble(*parts);
  if (!assembled.content.empty() || !assembled.calls.empty() || assembled.results.empty()) {
    Json made = message_of(codec::text_at(message, "role"), assembled);
    if (const Json* name = find(message, {"name"})) made["name"] = *name;
    messages.push_back(std::move(made));
  }
  for (const Json& result : assembled.results) messages.push_back(result);
}

void prepend_instructions(const Json& instructions, Json& messages) {
  if (instructions.is_null() || (instructions.is_array() && instructions.empty())) return;
  Json content = instructions.is_string() ? instructions : content_of(assemble(instructions));
  if (content.is_null()) return;
  messages.insert(messages.begin(), Json{{"role", "system"}, {"content", std::move(content)}});
}

void append_choices(const Json& output, Json& choices) {
  const Json list = output.is_array() ? output : Json::array({output});
  for (const Json& answer : list) {
    if (!answer.is_object()) continue;
    Json made = Json::array();
    append_message(answer, made);
    if (made.empty()) continue;
    Json message = made[0];
    if (codec::text_at(message, "role") != "assistant") message["role"] = "assistant";
    const Json* reason = find(answer, {"finish_reason"});
    std::string finish = reason == nullptr ? "" : as_text(*reason);
    if (finish == "tool_call") finish = "tool_calls";
    if (finish.empty()) finish = message.contains("tool_calls") ? "tool_calls" : "stop";
    message.erase("finish_reason");
    choices.push_back({{"index", choices.size()}, {"message", std::move(message)}, {"finish_reason", finish}});
  }
}

void append_tools(const Json& definitions, Json& tools) {
  if (!definitions.is_array()) return;
  for (const Json& definition : definitions) {
    const Json tool = unpacked(&definition);
    if (!tool.is_object()) continue;
    if (tool.contains("function")) {
      tools.push_back(tool);
      continue;
    }
    Json function = Json::object();
    for (const char* key : {"name", "description", "parameters", "strict"}) {
      if (const Json* value = find(tool, {key})) function[key] = *value;
    }
    if (const Json* schema = find(tool, {"input_schema", "inputSchema"}); schema && !function.contains("parameters")) {
      function["parameters"] = *schema;
    }
    if (function.contains("name")) tools.push_back({{"type", "function"}, {"function", std::move(function)}});
  }
}

}  // namespace fw::capture::otlp

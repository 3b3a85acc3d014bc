#include "capture/otlp/impl/content.h"

#include <algorithm>
#include <array>

#include "capture/otlp/impl/dialects.h"
#include "capture/otlp/impl/message_parts.h"

namespace fw::capture::otlp {
namespace {

constexpr std::string_view kDetails = "gen_ai.client.inference.operation.details";

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, text) != names.end();
}

/// A member that an instrumentation had nothing for comes as null.
bool has(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && !found->is_null();
}

/// A message of the older events: the body without its role, which the event's name has.
void append_older_message(const std::string& role, const Json& body, Json& messages) {
  Json message{{"role", role}};
  if (!body.is_object()) {
    if (body.is_string()) messages.push_back({{"role", role}, {"content", body}});
    return;
  }
  for (const auto& [key, value] : body.items()) {
    if (value.is_null() && key != "content") continue;
    if (key != "role" && key != "id") message[key] = value;
    if (key == "id" && role == "tool") message["tool_call_id"] = value;
  }
  // With its content switched off the event still comes, and says nothing.
  if (has(message, "content") || has(message, "tool_calls")) messages.push_back(std::move(message));
}

void append_older_choice(const Json& body, Json& choices) {
  if (!body.is_object() || !body.contains("message") || !body["message"].is_object()) return;
  Json message = body["message"];
  if (!has(message, "content") && !has(message, "tool_calls")) return;
  if (!has(message, "tool_calls")) message.erase("tool_calls");
  message["role"] = "assistant";
  if (!message.contains("content")) message["content"] = nullptr;
  const auto index = body.find("index");
  const auto reason = body.find("finish_reason");
  choices.push_back({{"index", index != body.end() && index->is_number_unsigned() ? *index : Json(choices.size())},
                     {"message", std::move(message)},
                     {"finish_reason", reason != body.end() && reason->is_string() ? *reason : Json("stop")}});
}

void take_event(std::string_view name, const Attributes& attributes, const Json& body, Content& into) {
  if (name == kDetails) {
    read_genai(attributes, into);
    if (body.is_object() && !into.is_whole()) {
      Attributes of_body;
      for (const auto& [key, value] : body.items()) of_body.add(key, value);
      read_genai(of_body, into);
    }
    return;
  }
  // Some put the body into an attribute, as text.
  const Json content = body.is_null() ? unpacked(attributes.find("gen_ai.event.content")) : unpacked(&body);
  if (name == "gen_ai.choice") return append_older_choice(content, into.choices);
  if (name == "gen_ai.content.prompt") return append_any_messages(unpacked(attributes.find("gen_ai.prompt")), into);
  if (name == "gen_ai.content.completion") {
    return append_choices(unpacked(attributes.find("gen_ai.completion")), into.choices);
  }
  for (const char* role : {"system", "user", "assistant", "tool"}) {
    if (name == "gen_ai." + std::string(role) + ".message") return append_older_message(role, content, into.messages);
  }
}

}  // namespace

bool is_model_call(const Span& span) {
  const Attributes& attributes = span.attributes;
  if (const std::string kind = attributes.text("openinference.span.kind"); !kind.empty()) return kind == "LLM";
  if (const std::string operation = attributes.text("ai.operationId"); !operation.empty()) {
    return operation.ends_with(".doGenerate") || operation.ends_with(".doStream");
  }
  if (const std::string type = attributes.text("mlflow.spanType"); !type.empty()) {
    return type.find("CHAT_MODEL") != std::string::npos || type.find("LLM") != std::string::npos;
  }
  if (const std::string operation = attributes.text("gen_ai.operation.name"); !operation.empty()) {
    return is_one_of(operation, {"chat", "text_completion", "generate_content", "completion"});
  }
  if (const std::string type = attributes.text("llm.request.type"); !type.empty()) {
    return type == "chat" || type == "completion";
  }
  return attributes.find("gen_ai.request.model") != nullptr &&
         (attributes.find_any({"gen_ai.system", "gen_ai.provider.name"}) != nullptr ||
          attributes.has_prefix("gen_ai.prompt"));
}

void read_content(const Span& span, Content& into) {
  constexpr std::array kDialects{read_whole_bodies,  read_genai,  read_openllmetry,
                                 read_openinference, read_vercel, read_other_messages};
  for (const auto dialect : kDialects) {
    Content found;
    dialect(span.attributes, found);
    if (!found.is_whole()) continue;
    into = std::move(found);
    return;
  }
  Content from_events;
  for (const SpanEvent& event : span.events) take_event(event.name, event.attributes, nullptr, from_events);
  if (from_events.has_request() || from_events.has_response()) into = std::move(from_events);
  for (const auto dialect : kDialects) {
    if (into.has_request() || into.has_response()) return;
    dialect(span.attributes, into);
  }
}

bool is_content_event(const LogRecord& log) {
  return is_one_of(log.event_name, {kDetails, "gen_ai.choice", "gen_ai.system.message", "gen_ai.user.message",
                                    "gen_ai.assistant.message", "gen_ai.tool.message"});
}

bool tells_all(const LogRecord& log) { return log.event_name == kDetails; }

void read_event(const LogRecord& log, Content& into) { take_event(log.event_name, log.attributes, log.body, into); }

}  // namespace fw::capture::otlp

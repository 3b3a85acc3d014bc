#include "capture/otlp/impl/content.h"
#include "capture/otlp/impl/message_parts.h"

namespace fw::capture::otlp {
namespace {

const Json* member(const Json* object, const char* key) {
  if (object == nullptr || !object->is_object()) return nullptr;
  const auto found = object->find(key);
  return found == object->end() ? nullptr : &*found;
}

std::string text_member(const Json& object, const char* key) {
  const Json* value = member(&object, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : "";
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

void copy_parameters(const Attributes& attributes, Json& request) {
  struct Name {
    const char* attribute;
    const char* key;
  };
  constexpr Name kNames[] = {
      {"gen_ai.request.temperature", "temperature"},
      {"gen_ai.request.top_p", "top_p"},
      {"gen_ai.request.top_k", "top_k"},
      {"gen_ai.request.max_tokens", "max_tokens"},
      {"gen_ai.request.seed", "seed"},
      {"gen_ai.request.stop_sequences", "stop"},
      {"gen_ai.request.choice.count", "n"},
      {"gen_ai.request.frequency_penalty", "frequency_penalty"},
      {"gen_ai.request.presence_penalty", "presence_penalty"},
      {"ai.settings.temperature", "temperature"},
      {"ai.settings.topP", "top_p"},
      {"ai.settings.maxTokens", "max_tokens"},
      {"ai.settings.maxOutputTokens", "max_tokens"},
  };
  for (const auto& [attribute, key] : kNames) {
    if (const Json* value = attributes.find(attribute); value != nullptr && !request.contains(key)) {
      request[key] = unpacked(value);
    }
  }
  const Json invocation = unpacked(attributes.find("llm.invocation_parameters"));
  if (!invocation.is_object()) return;
  for (const auto& [key, value] : invocation.items()) {
    if (!request.contains(key) && key != "messages") request[key] = value;
  }
}

Json usage_of(const Attributes& attributes) {
  const Json* input = attributes.find_any({"gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens",
                                           "llm.token_count.prompt", "ai.usage.inputTokens", "ai.usage.promptTokens"});
  const Json* output =
      attributes.find_any({"gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion",
                           "ai.usage.outputTokens", "ai.usage.completionTokens"});
  if (input == nullptr || output == nullptr || !input->is_number_integer() || !output->is_number_integer())
    return nullptr;
  const auto in = input->get<std::int64_t>();
  const auto out = output->get<std::int64_t>();
  constexpr std::int64_t kMost = 1'000'000'000'000;
  if (in < 0 || out < 0 || in > kMost || out > kMost) return nullptr;
  return {{"prompt_tokens", in}, {"completion_tokens", out}, {"total_tokens", in + out}};
}

/// Reasons of the span, where its messages brought none of their own.
void set_finish_reasons(const Attributes& attributes, Json& choices) {
  Json reasons = unpacked(
      attributes.find_any({"gen_ai.response.finish_reasons", "ai.response.finishReason", "llm.finish_reason"}));
  if (reasons.is_string()) reasons = Json::array({reasons});
  if (!reasons.is_array() || reasons.size() != choices.size()) return;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    std::string reason = as_text(reasons[i]);
    if (reason == "tool_call") reason = "tool_calls";
    if (!reason.empty()) choices[i]["finish_reason"] = reason;
  }
}

/// kArgumentsIncomplete where a call of a function has arguments that are no JSON.
record::Ending ending_of(const Json& choices) {
  for (const Json& choice : choices) {
    const Json* calls = member(member(&choice, "message"), "tool_calls");
    if (calls == nullptr || !calls->is_array()) continue;
    for (const Json& call : *calls) {
      const Json* arguments = member(member(&call, "function"), "arguments");
      if (arguments == nullptr || !arguments->is_string()) continue;
      const std::string& text = arguments->get_ref<const std::string&>();
      const bool is_empty = text.find_first_not_of(" \t\r\n") == std::string::npos;
      if (!is_empty && !Json::accept(text)) return record::Ending::kArgumentsIncomplete;
    }
  }
  return record::Ending::kFinished;
}

std::string text_of(const Attributes& attributes, std::initializer_list<std::string_view> names) {
  const Json* value = attributes.find_any(names);
  return value == nullptr ? "" : as_text(*value);
}

}  // namespace

Draft draft_of(const Content& content, const Span* span) {
  static const Attributes kNone;
  const Attributes& attributes = span == nullptr ? kNone : span->attributes;
  const std::string asked =
      text_of(attributes, {"gen_ai.request.model", "llm.model_name", "ai.model.id", "gen_ai.response.model"});
  Draft draft;
  draft.provenance.model_asked = text_of(attributes, {"gen_ai.request.model"});
  draft.provenance.model_answered = text_of(attributes, {"gen_ai.response.model"});
  if (span != nullptr) draft.timestamp = span->start;
  if (content.request.is_object()) {
    draft.request = dump(content.request);
    if (auto model = text_member(content.request, "model"); !model.empty()) draft.provenance.model_asked = model;
  } else {
    Json request = Json::object();
    if (!asked.empty()) request["model"] = asked;
    request["messages"] = content.messages;
    copy_parameters(attributes, request);
    if (!content.tools.empty() && !request.contains("tools")) request["tools"] = content.tools;
    draft.request = dump(request);
  }
  if (content.response.is_object()) {
    draft.response = dump(content.response);
    if (auto model = text_member(content.response, "model"); !model.empty()) draft.provenance.model_answered = model;
    if (const Json* choices = member(&content.response, "choices")) draft.provenance.ending = ending_of(*choices);
    return draft;
  }
  Json response = Json::object();
  if (const std::string id = text_of(attributes, {"gen_ai.response.id", "ai.response.id"}); !id.empty())
    response["id"] = id;
  response["object"] = "chat.completion";
  if (span != nullptr) response["created"] = to_epoch_seconds(span->start);
  const std::string answered = text_of(attributes, {"gen_ai.response.model", "ai.response.model"});
  if (!answered.empty() || !asked.empty()) response["model"] = answered.empty() ? asked : answered;
  Json choices = content.choices;
  set_finish_reasons(attributes, choices);
  draft.provenance.ending = ending_of(choices);
  response["choices"] = std::move(choices);
  if (const Json usage = usage_of(attributes); !usage.is_null()) response["usage"] = usage;
  draft.response = dump(response);
  return draft;
}

}  // namespace fw::capture::otlp

#include <array>

#include "capture/completions/impl/escaped.h"
#include "capture/completions/impl/forms.h"
#include "capture/formats/impl/chat_shape.h"

/// Answers of OpenAI's /v1/responses: a list of items, of which messages have a list of parts.
namespace fw::capture {
namespace {

void read_part(const Json& part, Answer& answer) {
  const std::string type = text_at(part, "type");
  if (type == "output_text" || type == "text") {
    answer.add_text(0, Answer::Text::kContent, escaped(text_at(part, "text")));
    for (const char* name : {"annotations", "logprobs"}) {
      const Json* list = find(part, name);
      if (list == nullptr || !list->is_array() || list->empty()) continue;
      const std::string text = to_text(*list);
      if (*name == 'l')
        answer.add_logprobs(0, false, std::string_view(text).substr(1, text.size() - 2));
      else
        answer.merge_into_message(0, name, text);
    }
  } else if (type == "refusal") {
    answer.add_text(0, Answer::Text::kRefusal, escaped(text_at(part, "refusal")));
  } else {
    answer.note_unmapped("a part of type " + (type.empty() ? "none" : type));
  }
}

/// What a model thought, or the summary of it where that is all which is shown.
void read_reasoning(const Json& item, Answer& answer) {
  for (const char* name : {"content", "summary"}) {
    const Json* parts = find(item, name);
    if (parts == nullptr || !parts->is_array() || parts->empty()) continue;
    for (const Json& part : *parts) answer.add_text(0, Answer::Text::kReasoningContent, escaped(text_at(part, "text")));
    break;
  }
  if (!text_at(item, "encrypted_content").empty()) answer.note_unmapped("encrypted reasoning");
}

void read_call(const Json& item, bool is_custom, std::int64_t index, Answer& answer) {
  std::string id = text_at(item, "call_id");
  if (id.empty()) id = text_at(item, "id");
  id = escaped(id);
  const std::string name = escaped(text_at(item, "name"));
  const std::string arguments = escaped(text_at(item, is_custom ? "input" : "arguments"));
  answer.add_call(0, {.index = index, .id = id, .name = name, .arguments = arguments, .is_custom = is_custom});
}

Json usage_of(const Json& usage) {
  Json out = Json::object();
  constexpr std::array<std::pair<const char*, const char*>, 5> kNames{
      {{"input_tokens", "prompt_tokens"},
       {"output_tokens", "completion_tokens"},
       {"total_tokens", "total_tokens"},
       {"input_tokens_details", "prompt_tokens_details"},
       {"output_tokens_details", "completion_tokens_details"}}};
  for (const auto& [theirs, ours] : kNames) {
    if (const Json* value = find(usage, theirs)) out[ours] = *value;
  }
  return out;
}

}  // namespace

void read_response_head(const Json& response, Answer& answer) {
  for (const char* name : {"id", "model"}) {
    if (const auto text = text_at(response, name); !text.empty()) answer.set_first(name, json_string(text));
  }
  const Json* created = find(response, "created_at");
  if (created != nullptr && created->is_number()) {
    constexpr double kMost = 9007199254740992.0;  // what is larger is no time, and may be more than 64 bits hold
    const auto seconds = created->get<double>();
    if (seconds >= 0 && seconds < kMost) {
      answer.set_first("created", std::to_string(static_cast<std::int64_t>(seconds)));
    }
  }
  if (const auto tier = text_at(response, "service_tier"); !tier.empty())
    answer.set_last("service_tier", json_string(tier));
  if (const Json* usage = find(response, "usage"); usage != nullptr && usage->is_object()) {
    answer.set_last("usage", to_text(usage_of(*usage)));
  }
}

void read_response_item(const Json& item, std::int64_t index, Answer& answer) {
  const std::string type = text_at(item, "type");
  if (type == "message") {
    const Json* content = find(item, "content");
    for (const Json& part : content != nullptr && content->is_array() ? *content : Json::array()) {
      read_part(part, answer);
    }
  } else if (type == "function_call" || type == "custom_tool_call") {
    read_call(item, type.front() == 'c', index, answer);
  } else if (type == "reasoning") {
    read_reasoning(item, answer);
  } else {
    answer.note_unmapped("an output item of type " + (type.empty() ? "none" : type));
  }
}

void read_response_end(const Json& response, Answer& answer) {
  const std::string status = text_at(response, "status");
  if (const Json* error = find(response, "error")) answer.set_error(to_text(*error));
  if (status == "failed" && !answer.has_error()) answer.set_error(R"({"message":"the response failed"})");
  const Json* details = find(response, "incomplete_details");
  if (status == "incomplete") {
    const std::string reason = details == nullptr ? "" : text_at(*details, "reason");
    answer.set_finish_reason(0, reason == "content_filter" ? "\"content_filter\"" : "\"length\"");
    answer.set_of_choice(0, "native_finish_reason", json_string(reason.empty() ? status : reason));
  } else if (status == "completed") {
    answer.set_finish_reason(0, answer.has_calls() ? "\"tool_calls\"" : "\"stop\"");
  }
}

}  // namespace fw::capture

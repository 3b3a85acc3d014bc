#include "capture/otlp/impl/dialects.h"

#include "capture/otlp/impl/flattened.h"
#include "capture/otlp/impl/message_parts.h"

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

Json value_or_null(const Json* value) { return value == nullptr ? Json() : *value; }

/// OpenLLMetry's and OpenInference's calls, flat or with `function` within `tool_call`.
Json calls_of(const Json& list) {
  Json calls = Json::array();
  if (!list.is_array()) return calls;
  for (const Json& entry : list) {
    const Json* inner = find(entry, {"tool_call"});
    const Json& call = inner == nullptr ? entry : *inner;
    const Json* function = find(call, {"function"});
    const Json& named = function == nullptr ? call : *function;
    calls.push_back(tool_call(value_or_null(find(call, {"id"})), value_or_null(find(named, {"name"})),
                              value_or_null(find(named, {"arguments"}))));
  }
  return calls;
}

/// OpenInference's contents of several parts.
Json contents_of(const Json& list) {
  Json parts = Json::array();
  for (const Json& entry : list) {
    const Json* inner = find(entry, {"message_content"});
    const Json& part = inner == nullptr ? entry : *inner;
    if (const Json* text = find(part, {"text"})) {
      parts.push_back({{"type", "text"}, {"text", *text}});
    } else if (const Json* image = find(part, {"image"})) {
      const Json* inside = find(*image, {"image"});
      parts.push_back(
          {{"type", "image_url"}, {"image_url", {{"url", value_or_null(find(inside ? *inside : *image, {"url"}))}}}});
    } else {
      parts.push_back(part);
    }
  }
  return parts;
}

/// A message that was flattened into attributes.
Json message_of(const Json& entry) {
  const Json* inner = find(entry, {"message"});
  const Json& source = inner == nullptr ? entry : *inner;
  Json message{{"role", find(source, {"role"}) ? as_text(*find(source, {"role"})) : "user"}, {"content", nullptr}};
  if (const Json* contents = find(source, {"contents"}); contents != nullptr && contents->is_array()) {
    message["content"] = contents_of(*contents);
  } else if (const Json* content = find(source, {"content"})) {
    const Json value = unpacked(content);
    message["content"] = value.is_array() && !value.empty() && value[0].is_object() && value[0].contains("type")
                             ? value
                             : Json(as_text(*content));
  }
  if (const Json* name = find(source, {"name"})) message["name"] = *name;
  if (const Json* id = find(source, {"tool_call_id"})) message["tool_call_id"] = *id;
  if (const Json* list = find(source, {"tool_calls"})) {
    if (Json calls = calls_of(*list); !calls.empty()) message["tool_calls"] = std::move(calls);
  }
  if (const Json* reason = find(source, {"finish_reason"})) message["finish_reason"] = *reason;
  return message;
}

void append_flat_messages(const Json& list, Json& messages) {
  if (!list.is_array()) return;
  for (const Json& entry : list) {
    if (entry.is_object()) messages.push_back(message_of(entry));
  }
}

void append_flat_choices(const Json& list, Json& choices) {
  Json answers = Json::array();
  append_flat_messages(list, answers);
  append_choices(answers, choices);
}

/// Vercel's parts: `text`, `tool-call`, `tool-result`.
void append_vercel_message(const Json& message, Json& messages) {
  const Json* content = find(message, {"content"});
  if (content == nullptr || !content->is_array()) return append_message(message, messages);
  Json parts = Json::array();
  for (const Json& part : *content) {
    const std::string kind = find(part, {"type"}) ? as_text(*find(part, {"type"})) : "";
    if (kind == "tool-call") {
      parts.push_back({{"type", "tool_call"},
                       {"id", value_or_null(find(part, {"toolCallId"}))},
                       {"name", value_or_null(find(part, {"toolName"}))},
                       {"arguments", value_or_null(find(part, {"input", "args"}))}});
    } else if (kind == "tool-result") {
      const Json* output = find(part, {"output", "result"});
      const Json* value = output == nullptr ? nullptr : find(*output, {"value"});
      parts.push_back({{"type", "tool_call_response"},
                       {"id", value_or_null(find(part, {"toolCallId"}))},
                       {"response", value != nullptr ? *value : value_or_null(output)}});
    } else {
      parts.push_back(part);
    }
  }
  append_message({{"role", value_or_null(find(message, {"role"}))}, {"parts", std::move(parts)}}, messages);
}

}  // namespace

void append_any_messages(const Json& value, Content& into) {
  if (const Json* list = find(value, {"messages"})) {
    if (const Json* tools = find(value, {"tools"})) append_tools(*tools, into.tools);
    return append_any_messages(*list, into);
  }
  if (value.is_array()) {
    for (const Json& message : value) append_message(message, into.messages);
  } else if (!value.is_null()) {
    append_message(value, into.messages);
  }
}

void read_whole_bodies(const Attributes& attributes, Content& into) {
  for (const auto& [in, out] :
       {std::pair{"input.value", "output.value"}, {"mlflow.spanInputs", "mlflow.spanOutputs"}}) {
    const Json request = unpacked(attributes.find(in));
    const Json response = unpacked(attributes.find(out));
    if (find(request, {"messages"}) == nullptr || find(response, {"choices"}) == nullptr) continue;
    into.request = request;
    into.response = response;
    return;
  }
}

void read_genai(const Attributes& attributes, Content& into) {
  const Json input = unpacked(attributes.find("gen_ai.input.messages"));
  if (input.is_array()) {
    for (const Json& message : input) append_message(message, into.messages);
  }
  prepend_instructions(unpacked(attributes.find("gen_ai.system_instructions")), into.messages);
  const Json output = unpacked(attributes.find("gen_ai.output.messages"));
  if (!output.is_null()) append_choices(output, into.choices);
  append_tools(unpacked(attributes.find("gen_ai.tool.definitions")), into.tools);
}

void read_openllmetry(const Attributes& attributes, Content& into) {
  append_flat_messages(unflattened(attributes, "gen_ai.prompt."), into.messages);
  append_flat_choices(unflattened(attributes, "gen_ai.completion."), into.choices);
  if (into.messages.empty()) append_any_messages(unpacked(attributes.find("gen_ai.prompt")), into);
  if (into.choices.empty()) {
    const Json completion = unpacked(attributes.find("gen_ai.completion"));
    if (completion.is_string()) {
      append_choices({{"role", "assistant"}, {"content", completion}}, into.choices);
    } else if (!completion.is_null()) {
      append_choices(completion, into.choices);
    }
  }
  const Json functions = unflattened(attributes, "llm.request.functions.");
  if (!functions.is_array()) return;
  for (Json function : functions) {
    if (const Json* parameters = find(function, {"parameters"})) function["parameters"] = unpacked(parameters);
    append_tools(Json::array({function}), into.tools);
  }
}

void read_openinference(const Attributes& attributes, Content& into) {
  // Of a stream the request is whole and the answer is not.
  if (Json request = unpacked(attributes.find("input.value")); find(request, {"messages"}) != nullptr) {
    into.request = std::move(request);
  }
  append_flat_messages(unflattened(attributes, "llm.input_messages."), into.messages);
  append_flat_choices(unflattened(attributes, "llm.output_messages."), into.choices);
  const Json tools = unflattened(attributes, "llm.tools.");
  if (!tools.is_array()) return;
  for (const Json& entry : tools) {
    const Json* inner = find(entry, {"tool"});
    const Json* schema = inner == nullptr ? nullptr : find(*inner, {"json_schema"});
    if (schema != nullptr) append_tools(Json::array({unpacked(schema)}), into.tools);
  }
}

void read_vercel(const Attributes& attributes, Content& into) {
  const Json prompt = unpacked(attributes.find("ai.prompt.messages"));
  if (prompt.is_array()) {
    for (const Json& message : prompt) append_vercel_message(message, into.messages);
  }
  const Json* text = attributes.find("ai.response.text");
  const Json calls = unpacked(attributes.find("ai.response.toolCalls"));
  if (text != nullptr || calls.is_array()) {
    Json message{{"role", "assistant"}, {"content", text == nullptr || *text == "" ? Json() : *text}};
    Json list = Json::array();
    for (const Json& call : calls.is_array() ? calls : Json::array()) {
      list.push_back(tool_call(value_or_null(find(call, {"toolCallId"})), value_or_null(find(call, {"toolName"})),
                               value_or_null(find(call, {"input", "args"}))));
    }
    if (!list.empty()) message["tool_calls"] = std::move(list);
    append_choices(message, into.choices);
  }
  append_tools(unpacked(attributes.find("ai.prompt.tools")), into.tools);
}

void read_other_messages(const Attributes& attributes, Content& into) {
  if (const Json all = unpacked(attributes.find_any({"pydantic_ai.all_messages", "all_messages_events"}));
      all.is_array() && all.size() > 1) {
    for (std::size_t i = 0; i + 1 < all.size(); ++i) append_message(all[i], into.messages);
    append_choices(all.back(), into.choices);
    return;
  }
  const Json input = unpacked(attributes.find("traceloop.entity.input"));
  const Json output = unpacked(attributes.find("traceloop.entity.output"));
  if (find(input, {"messages"}) == nullptr || output.is_null()) return;
  append_any_messages(input, into);
  append_choices(output.is_string() ? Json{{"role", "assistant"}, {"content", output}} : output, into.choices);
}

}  // namespace fw::capture::otlp

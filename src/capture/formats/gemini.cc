#include <algorithm>
#include <array>
#include <utility>

#include "capture/formats/impl/formats.h"
#include "capture/formats/impl/other_apis.h"
#include "record/finish_reason.h"

/// Gemini's own API (generateContent, also Vertex AI's batches) and the tuning rows of Vertex AI: `{"contents":
/// [{"role", "parts"}], "systemInstruction"?}`. Keys are in camel case or, out of Google's libraries, in snake case.
namespace fw::capture {
namespace {

constexpr const char* kNoPlace = "a part of Gemini's own that a chat completion has no place for (files, code)";

/// A picture's data as a part of a message; null for what is no picture.
Json picture_of(const Json& inline_data) {
  const Json* type = find_any(inline_data, {"mimeType", "mime_type"});
  const std::string mime = type != nullptr && type->is_string() ? type->get<std::string>() : "";
  if (!mime.starts_with("image/")) return nullptr;
  return {{"type", "image_url"}, {"image_url", {{"url", "data:" + mime + ";base64," + text_at(inline_data, "data")}}}};
}

/// One content while its parts are read.
struct Content {
  Json parts = Json::array();
  Json calls = Json::array();
  Json results = Json::array();  // messages of their own
  std::string thoughts;
};

Status read_part(const Json& part, Content& out) {
  const Json* thought = find(part, "thought");
  if (const Json* text = find(part, "text"); text != nullptr && text->is_string()) {
    if (thought != nullptr && *thought == true) {
      out.thoughts += text->get<std::string>();
    } else {
      out.parts.push_back({{"type", "text"}, {"text", *text}});
    }
    return {};
  }
  if (const Json* call = find_any(part, {"functionCall", "function_call"})) {
    const Json* args = find(*call, "args");
    out.calls.push_back({{"id", text_at(*call, "id")},
                         {"name", text_at(*call, "name")},
                         {"args", args != nullptr ? *args : Json::object()}});
    return {};
  }
  if (const Json* result = find_any(part, {"functionResponse", "function_response"})) {
    const Json* value = find(*result, "response");
    Json message{{"role", "tool"}, {"name", text_at(*result, "name")}, {"content", value ? to_text(*value) : ""}};
    if (const std::string id = text_at(*result, "id"); !id.empty()) message["tool_call_id"] = id;
    out.results.push_back(std::move(message));
    return {};
  }
  const Json* data = find_any(part, {"inlineData", "inline_data"});
  Json image = data != nullptr ? picture_of(*data) : Json();
  if (image.is_null()) return invalid_argument(kNoPlace);
  out.parts.push_back(std::move(image));
  return {};
}

/// The text where it is only that, else parts.
Json content_of(const Json& parts) {
  std::string text;
  for (const Json& part : parts) {
    if (text_at(part, "type") != "text") return parts;
    text += text_at(part, "text");
  }
  return text;
}

Status read_content(const Json& written, Json& messages) {
  Content content;
  const Json* parts = find(written, "parts");
  if (written.is_string()) content.parts.push_back({{"type", "text"}, {"text", written}});
  const Json list = parts == nullptr ? Json::array() : parts->is_array() ? *parts : Json::array({*parts});
  for (const Json& part : list) FW_TRY(read_part(part, content));
  for (Json& result : content.results) messages.push_back(std::move(result));
  if (content.parts.empty() && content.calls.empty() && content.thoughts.empty() && !content.results.empty()) return {};
  const bool is_answer = text_at(written, "role") == "model" || !content.calls.empty();
  Json message{{"role", is_answer ? "assistant" : "user"}, {"content", content_of(content.parts)}};
  if (!content.calls.empty()) {
    if (content.parts.empty()) message["content"] = nullptr;
    message["tool_calls"] = std::move(content.calls);
  }
  if (!content.thoughts.empty()) message["reasoning_content"] = content.thoughts;
  messages.push_back(std::move(message));
  return {};
}

/// A schema's types in lower case, as JSON Schema has them.
void lower_types(Json& schema, int depth = 0) {
  if (depth > 64 || !schema.is_structured()) return;
  for (auto& [key, value] : schema.items()) {
    if (key == "type" && value.is_string()) {
      std::string name = value.get<std::string>();
      std::ranges::transform(name, name.begin(),
                             [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      value = name;
    } else {
      lower_types(value, depth + 1);
    }
  }
}

void read_settings(const Json& request, Json& out) {
  constexpr std::array<std::array<const char*, 3>, 9> kNames{
      {{"temperature", "temperature", "temperature"},
       {"topP", "top_p", "top_p"},
       {"maxOutputTokens", "max_output_tokens", "max_tokens"},
       {"stopSequences", "stop_sequences", "stop"},
       {"candidateCount", "candidate_count", "n"},
       {"seed", "seed", "seed"},
       {"presencePenalty", "presence_penalty", "presence_penalty"},
       {"frequencyPenalty", "frequency_penalty", "frequency_penalty"},
       {"responseLogprobs", "response_logprobs", "logprobs"}}};
  const Json* settings = find_any(request, {"generationConfig", "generation_config", "config"});
  if (settings == nullptr) return;
  for (const auto& [camel, snake, name] : kNames) {
    if (const Json* value = find_any(*settings, {camel, snake})) out[name] = *value;
  }
  const Json* type = find_any(*settings, {"responseMimeType", "response_mime_type"});
  if (type == nullptr || *type != "application/json") return;
  const Json* schema =
      find_any(*settings, {"responseJsonSchema", "response_json_schema", "responseSchema", "response_schema"});
  out["response_format"] = {{"type", schema != nullptr ? "json_schema" : "json_object"}};
  if (schema == nullptr) return;
  Json lowered = *schema;
  lower_types(lowered);
  out["response_format"]["json_schema"] = {{"name", "response"}, {"schema", std::move(lowered)}};
}

void read_tool_choice(const Json& request, Json& out) {
  const Json* config = find_any(request, {"toolConfig", "tool_config"});
  const Json* calling =
      config != nullptr ? find_any(*config, {"functionCallingConfig", "function_calling_config"}) : nullptr;
  if (calling == nullptr) return;
  const std::string mode = text_at(*calling, "mode");
  const Json* allowed = find_any(*calling, {"allowedFunctionNames", "allowed_function_names"});
  if (mode == "NONE") out["tool_choice"] = "none";
  if (mode == "AUTO") out["tool_choice"] = "auto";
  if (mode != "ANY") return;
  out["tool_choice"] = "required";
  if (allowed != nullptr && allowed->is_array() && allowed->size() == 1)
    out["tool_choice"] = {{"type", "function"}, {"function", {{"name", allowed->front()}}}};
}

std::string finish_reason_of(const std::string& reason, bool calls) {
  if (reason.empty() || reason == "STOP") return calls ? "tool_calls" : "stop";
  switch (record::answer_end(reason)) {
    case record::AnswerEnd::kCut: return "length";
    case record::AnswerEnd::kBroken: return "error";
    case record::AnswerEnd::kFiltered:
    case record::AnswerEnd::kWhole: break;
  }
  return "content_filter";
}

/// The pieces of a streamed answer as one.
Json whole_answer(const Json& response) {
  if (!response.is_array()) return response;
  Json out = Json::object();
  Json parts = Json::array();
  for (const Json& piece : response) {
    for (const auto& [key, value] : piece.items()) out[key] = value;
    const Json* candidates = find(piece, "candidates");
    if (candidates == nullptr || !candidates->is_array() || candidates->empty()) continue;
    const Json* content = find(candidates->front(), "content");
    const Json* more = content != nullptr ? find(*content, "parts") : nullptr;
    if (more != nullptr && more->is_array()) parts.insert(parts.end(), more->begin(), more->end());
  }
  const Json* last = find(out, "candidates");
  if (last == nullptr || !last->is_array() || last->empty() || !last->front().is_object()) return out;
  out["candidates"][0]["content"] = {{"role", "model"}, {"parts", std::move(parts)}};
  return out;
}

Result<Json> choice_of(const Json& candidate, std::size_t index) {
  Json messages = Json::array();
  const Json* content = find(candidate, "content");
  FW_TRY(read_content(content != nullptr ? *content : Json::object(), messages));
  messages.back()["role"] = "assistant";
  FW_ASSIGN(Json answer, chat_messages(messages));
  const bool calls = find(answer.back(), "tool_calls") != nullptr;
  const Json* reason = find_any(candidate, {"finishReason", "finish_reason"});
  const std::string why = reason != nullptr && reason->is_string() ? reason->get<std::string>() : "";
  return Json{{"index", index}, {"message", std::move(answer.back())}, {"finish_reason", finish_reason_of(why, calls)}};
}

Json usage_of(const Json& written) {
  const auto count = [&](const char* camel, const char* snake) {
    const Json* value = find_any(written, {camel, snake});
    return value != nullptr && value->is_number_unsigned() ? value->get<std::uint64_t>() : 0;
  };
  const std::uint64_t prompt = count("promptTokenCount", "prompt_token_count");
  const std::uint64_t answer =
      count("candidatesTokenCount", "candidates_token_count") + count("thoughtsTokenCount", "thoughts_token_count");
  return {{"prompt_tokens", prompt}, {"completion_tokens", answer}, {"total_tokens", prompt + answer}};
}

bool recognises(const Document& document, codec::JsonSlicer&) {
  const codec::JsonMember* contents = document.find("contents");
  return contents != nullptr && contents->kind == codec::JsonKind::kArray && !document.has("request");
}

/// A tuning row, the last of whose contents is the answer.
Result<Draft> read_row(const Document& document, codec::JsonSlicer&) {
  const Json row = json_of(document);
  FW_ASSIGN(Json messages, messages_of_gemini(row));
  FW_ASSIGN(Draft draft, draft_of_conversation(std::move(messages), tools_of_gemini(row)));
  take_names(draft, row);
  return draft;
}

}  // namespace

Result<Json> messages_of_gemini(const Json& request) {
  Json messages = Json::array();
  if (const Json* system = find_any(request, {"systemInstruction", "system_instruction"})) {
    FW_TRY(read_content(*system, messages));
    if (!messages.empty()) messages.back()["role"] = "system";
  }
  const Json* contents = find(request, "contents");
  if (contents == nullptr) return invalid_argument("a call of Gemini's own API without contents");
  const Json list = contents->is_array() ? *contents : Json::array({*contents});
  for (const Json& content : list) FW_TRY(read_content(content, messages));
  return chat_messages(messages);
}

Json tools_of_gemini(const Json& request) {
  const Json* written = find(request, "tools");
  if (written == nullptr || !written->is_array()) return nullptr;
  Json tools = Json::array();
  for (const Json& tool : *written) {
    const Json* functions = find_any(tool, {"functionDeclarations", "function_declarations"});
    if (functions == nullptr || !functions->is_array()) continue;
    for (const Json& function : *functions) {
      Json out{{"name", text_at(function, "name")}};
      if (const std::string text = text_at(function, "description"); !text.empty()) out["description"] = text;
      const Json* schema = find_any(function, {"parametersJsonSchema", "parameters_json_schema", "parameters"});
      out["parameters"] = schema != nullptr ? *schema : Json{{"type", "object"}, {"properties", Json::object()}};
      lower_types(out["parameters"]);
      tools.push_back({{"type", "function"}, {"function", std::move(out)}});
    }
  }
  return tools.empty() ? Json() : tools;
}

Result<Draft> draft_of_gemini(const Json& request, const Json& response) {
  FW_ASSIGN(Json messages, messages_of_gemini(request));
  const Json answer = whole_answer(response);
  const Json* version = find_any(answer, {"modelVersion", "model_version"});
  const std::string model = text_at(request, "model");
  Json asked{{"model", model.empty() && version != nullptr ? *version : Json(model)},
             {"messages", std::move(messages)}};
  if (Json tools = tools_of_gemini(request); !tools.is_null()) asked["tools"] = std::move(tools);
  read_tool_choice(request, asked);
  read_settings(request, asked);
  asked["flywheel"] = {{"dialect", "gemini"}};
  const Json* candidates = find(answer, "candidates");
  if (candidates == nullptr || !candidates->is_array() || candidates->empty())
    return invalid_argument("a call of Gemini's own API without an answer (it was blocked)");
  Json out{{"object", "chat.completion"}, {"model", asked["model"]}, {"choices", Json::array()}};
  for (const Json& candidate : *candidates) {
    FW_ASSIGN(Json choice, choice_of(candidate, out["choices"].size()));
    out["choices"].push_back(std::move(choice));
  }
  if (const Json* usage = find_any(answer, {"usageMetadata", "usage_metadata"})) out["usage"] = usage_of(*usage);
  return Draft{.request = to_text(asked), .response = to_text(out)};
}

constexpr Format kGeminiRow{.name = "Gemini tuning row", .recognises = recognises, .read = read_row};

}  // namespace fw::capture

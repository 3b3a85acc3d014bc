#include <algorithm>
#include <array>

#include "capture/completions/stream_rebuild.h"
#include "capture/formats/impl/formats.h"
#include "capture/formats/impl/other_apis.h"

/// Bedrock's Converse, and the tuning rows of its conversation schema (`{"schemaVersion", "system"?, "messages"}`),
/// read as Anthropic's Messages API, whose blocks its own are under other names.
namespace fw::capture {
namespace {

/// A block as the Messages API has it; null where it has none such.
Json block_of(const Json& block) {
  if (const Json* text = find(block, "text")) return {{"type", "text"}, {"text", *text}};
  if (const Json* call = find(block, "toolUse")) {
    const Json* input = find(*call, "input");
    return {{"type", "tool_use"},
            {"id", text_at(*call, "toolUseId")},
            {"name", text_at(*call, "name")},
            {"input", input != nullptr ? *input : Json::object()}};
  }
  if (const Json* image = find(block, "image")) {
    const Json* source = find(*image, "source");
    const std::string bytes = source != nullptr ? text_at(*source, "bytes") : "";
    if (bytes.empty()) return nullptr;
    return {{"type", "image"},
            {"source", {{"type", "base64"}, {"media_type", "image/" + text_at(*image, "format")}, {"data", bytes}}}};
  }
  if (const Json* reasoning = find(block, "reasoningContent")) {
    const Json* text = find(*reasoning, "reasoningText");
    return {{"type", "thinking"}, {"thinking", text != nullptr ? text_at(*text, "text") : ""}};
  }
  return nullptr;
}

/// What a tool answered: texts and values.
Json result_of(const Json& written) {
  Json content = Json::array();
  const Json* parts = find(written, "content");
  for (const Json& part : parts != nullptr && parts->is_array() ? *parts : Json::array()) {
    const Json* value = find(part, "json");
    Json block = value != nullptr ? Json{{"type", "text"}, {"text", to_text(*value)}} : block_of(part);
    if (!block.is_null()) content.push_back(std::move(block));
  }
  Json out{{"type", "tool_result"}, {"tool_use_id", text_at(written, "toolUseId")}, {"content", std::move(content)}};
  if (text_at(written, "status") == "error") out["is_error"] = true;
  return out;
}

Result<Json> blocks_of(const Json& content) {
  if (!content.is_array()) return content;
  Json blocks = Json::array();
  for (const Json& written : content) {
    if (find(written, "cachePoint") != nullptr) continue;
    const Json* result = find(written, "toolResult");
    Json block = result != nullptr ? result_of(*result) : block_of(written);
    if (block.is_null())
      return invalid_argument("a block of Bedrock's own that a chat completion has no place for (documents, video)");
    blocks.push_back(std::move(block));
  }
  return blocks;
}

void read_settings(const Json& request, Json& out) {
  if (const Json* settings = find(request, "inferenceConfig")) {
    for (const auto& [from, to] : {std::pair("maxTokens", "max_tokens"), std::pair("temperature", "temperature"),
                                   std::pair("topP", "top_p"), std::pair("stopSequences", "stop_sequences")}) {
      if (const Json* value = find(*settings, from)) out[to] = *value;
    }
  }
  const Json* config = find(request, "toolConfig");
  const Json* tools = config != nullptr ? find(*config, "tools") : nullptr;
  for (const Json& tool : tools != nullptr && tools->is_array() ? *tools : Json::array()) {
    const Json* spec = find(tool, "toolSpec");
    const Json* schema = spec != nullptr ? find(*spec, "inputSchema") : nullptr;
    const Json* inner = schema != nullptr ? find(*schema, "json") : nullptr;
    if (spec == nullptr) continue;
    out["tools"].push_back({{"name", text_at(*spec, "name")},
                            {"description", text_at(*spec, "description")},
                            {"input_schema", inner != nullptr ? unquoted(*inner) : Json::object()}});
  }
  const Json* choice = config != nullptr ? find(*config, "toolChoice") : nullptr;
  if (choice == nullptr) return;
  if (const Json* tool = find(*choice, "tool"))
    out["tool_choice"] = {{"type", "tool"}, {"name", text_at(*tool, "name")}};
  for (const char* kind : {"auto", "any"})
    if (choice->contains(kind)) out["tool_choice"] = {{"type", kind}};
}

bool recognises(const Document& document, codec::JsonSlicer& slicer) {
  const codec::JsonMember* version = document.find("schemaVersion");
  return version != nullptr && document.has("messages") &&
         text_of(*version, slicer).value_or("").starts_with("bedrock");
}

Result<Draft> read_row(const Document& document, codec::JsonSlicer&) {
  const Json row = json_of(document);
  FW_ASSIGN(Json request, request_of_converse(row));
  Draft draft;
  const Json* tools = find(request, "tools");
  FW_ASSIGN(draft, draft_of_conversation(request["messages"], tools != nullptr ? *tools : Json()));
  take_names(draft, row);
  return draft;
}

}  // namespace

Result<Json> request_of_converse(const Json& request) {
  Json out = Json::object();
  for (const char* key : {"modelId", "model"}) {
    if (const std::string name = text_at(request, key); !name.empty()) out["model"] = name;
  }
  if (const Json* system = find(request, "system")) {
    FW_ASSIGN(out["system"], blocks_of(*system));
  }
  out["messages"] = Json::array();
  const Json* messages = find(request, "messages");
  for (const Json& message : messages != nullptr && messages->is_array() ? *messages : Json::array()) {
    const Json* content = find(message, "content");
    FW_ASSIGN(Json blocks, blocks_of(content != nullptr ? *content : Json::array()));
    out["messages"].push_back({{"role", text_at(message, "role")}, {"content", std::move(blocks)}});
  }
  read_settings(request, out);
  FW_ASSIGN(const std::string text, as_chat_request(Dialect::kMessages, to_text(out)));
  Json chat = Json::parse(text, nullptr, false);
  chat["flywheel"]["dialect"] = "converse";
  return chat;
}

Result<Draft> draft_of_converse(const Json& request, const Json& response) {
  FW_ASSIGN(const Json asked, request_of_converse(request));
  const Json* output = find(response, "output");
  const Json* message = output != nullptr ? find(*output, "message") : nullptr;
  const Json* content = message != nullptr ? find(*message, "content") : nullptr;
  if (content == nullptr) return invalid_argument("a call of Bedrock's Converse API without an answer");
  FW_ASSIGN(Json blocks, blocks_of(*content));
  Json answered{{"type", "message"}, {"role", "assistant"}, {"content", std::move(blocks)}};
  answered["stop_reason"] = text_at(response, "stopReason");
  if (const Json* usage = find(response, "usage")) {
    for (const auto& [from, to] :
         {std::pair("inputTokens", "input_tokens"), std::pair("outputTokens", "output_tokens")})
      if (const Json* count = find(*usage, from)) answered["usage"][to] = *count;
  }
  Draft draft{.request = to_text(asked)};
  FW_ASSIGN(draft.response, as_chat_response(Dialect::kMessages, to_text(answered)));
  return draft;
}

constexpr Format kConverseRow{.name = "Bedrock tuning row", .recognises = recognises, .read = read_row};

}  // namespace fw::capture

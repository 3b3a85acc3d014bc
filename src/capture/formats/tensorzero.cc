#include <algorithm>
#include <array>
#include <cctype>

#include "capture/formats/impl/chat_shape.h"
#include "capture/formats/impl/formats.h"
#include "capture/timestamp.h"
#include "record/ids.h"

/// TensorZero: rows of its tables ChatInference and JsonInference (ClickHouse or Postgres, columns of JSON also as
/// text), what its API lists of inferences, and datapoints. A function is a workload, an episode a conversation. What a
/// row holds is what the application gave to the function: where a template of the configuration made the prompt of it,
/// or tools stand in the configuration alone, the row does not say what the model was asked, and is refused; the
/// inference's ModelInference row has that (`raw_request`, `raw_response`: a logged call).
namespace fw::capture {
namespace {

constexpr const char* kTemplate =
    "a TensorZero row with arguments of a template in place of its text (load the ModelInference rows)";
constexpr const char* kToolsElsewhere =
    "a TensorZero row whose tools stand in its configuration alone (load the ModelInference rows)";
constexpr const char* kFileElsewhere = "a TensorZero row with a file that lies elsewhere (storage_path)";
constexpr const char* kNotMapped = "of a TensorZero row something had no place (flywheel.not_mapped says what)";

bool recognises(const Document& document, codec::JsonSlicer&) {
  if (!document.has("function_name") || !document.has("input")) return false;
  constexpr std::array kOthers{"variant_name", "episode_id", "tool_params", "output_schema", "dataset_name"};
  return std::ranges::any_of(kOthers, [&](const char* key) { return document.has(key); });
}

/// A column of JSON, which may be text.
Json column(const Json& row, const char* key) {
  const Json* written = find(row, key);
  return written != nullptr ? unquoted(*written) : Json();
}

void note(Json& unmapped, const std::string& what) {
  const bool is_new = std::ranges::find(unmapped, Json(what)) == unmapped.end();
  if (is_new && unmapped.size() < 16) unmapped.push_back(what);
}

/// A call as the model wrote it; a parsed form beside it may have been corrected.
Json call_of(const Json& block) {
  const std::string raw = text_at(block, "raw_name");
  const Json* written = find_any(block, {"raw_arguments", "arguments"});
  std::string arguments = "{}";
  if (written != nullptr) arguments = written->is_string() ? written->get<std::string>() : to_text(*written);
  return {{"id", text_at(block, "id")},
          {"type", "function"},
          {"function", {{"name", raw.empty() ? text_at(block, "name") : raw}, {"arguments", std::move(arguments)}}}};
}

/// A picture as a part of a message; null where it is none, or is not in the row.
Json picture_of(const Json& block) {
  const Json* file = find_any(block, {"file", "image", "url"});
  const Json& of = file != nullptr && file->is_object() ? *file : block;
  const std::string kind = text_at(of, "mime_type");
  if (!kind.empty() && !kind.starts_with("image/")) return nullptr;
  std::string url = text_at(of, "url");
  const std::string data = text_at(of, "data");
  if (url.empty() && !data.empty() && !kind.empty()) url = "data:" + kind + ";base64," + data;
  if (url.empty()) return nullptr;
  return {{"type", "image_url"}, {"image_url", {{"url", std::move(url)}}}};
}

/// Blocks of one message on their way into messages of the API: results of tools are messages of their own.
class Blocks final {
 public:
  Blocks(std::string role, Json& messages, Json& unmapped)
      : role_(std::move(role)), messages_(messages), unmapped_(unmapped) {}

  Status add(const Json& block) {
    const std::string type = text_at(block, "type");
    if (type == "text" || type == "raw_text") return add_text(block);
    if (type == "template") return invalid_argument(kTemplate);
    if (type == "tool_call") {
      calls_.push_back(call_of(block));
      return {};
    }
    if (type == "tool_result") {
      finish();
      const Json* result = find(block, "result");
      const Json none("");
      const Json& of = result != nullptr ? *result : none;
      messages_.push_back({{"role", "tool"},
                           {"tool_call_id", text_at(block, "id")},
                           {"content", of.is_string() ? of : Json(to_text(of))}});
      return {};
    }
    if (type == "thought") {
      thoughts_ += text_at(block, "text");
      if (find(block, "signature") != nullptr) note(unmapped_, "thought.signature");
      return {};
    }
    if (type == "image" || type == "file") {
      Json part = picture_of(block);
      if (part.is_null()) return invalid_argument(kFileElsewhere);
      parts_.push_back(std::move(part));
      return {};
    }
    return invalid_argument("a TensorZero row with a block of a kind that is not known here");
  }

  /// The message so far, if there is one.
  void finish() {
    if (parts_.empty() && calls_.empty() && thoughts_.empty()) return;
    Json message{{"role", role_}, {"content", content()}};
    if (!thoughts_.empty()) message["reasoning_content"] = thoughts_;
    if (!calls_.empty()) message["tool_calls"] = std::move(calls_);
    messages_.push_back(std::move(message));
    parts_ = calls_ = Json::array();
    thoughts_.clear();
  }

 private:
  Status add_text(const Json& block) {
    const Json* text = find_any(block, {"text", "value"});
    if (find(block, "arguments") != nullptr || (text != nullptr && !text->is_string())) {
      return invalid_argument(kTemplate);
    }
    if (text != nullptr) parts_.push_back({{"type", "text"}, {"text", *text}});
    return {};
  }

  /// A text where it is one; an answer's texts are one.
  Json content() const {
    if (parts_.empty()) return nullptr;
    const auto is_text = [](const Json& part) { return part.contains("text"); };
    const bool is_one = parts_.size() == 1 || role_ == "assistant";
    if (!is_one || !std::ranges::all_of(parts_, is_text)) return parts_;
    std::string all;
    for (const Json& part : parts_) all += text_at(part, "text");
    return all;
  }

  std::string role_;
  Json& messages_;
  Json& unmapped_;
  Json parts_ = Json::array();
  Json calls_ = Json::array();
  std::string thoughts_;
};

Status add_message(const std::string& role, const Json& content, Json& messages, Json& unmapped) {
  Blocks blocks(role, messages, unmapped);
  if (content.is_string()) {
    FW_TRY(blocks.add({{"type", "text"}, {"text", content}}));
  } else if (content.is_array()) {
    for (const Json& block : content) FW_TRY(blocks.add(block));
  } else {
    return invalid_argument(kTemplate);
  }
  blocks.finish();
  return {};
}

Result<Json> messages_of(const Json& input, Json& unmapped) {
  const Json* written = find(input, "messages");
  if (written == nullptr || !written->is_array()) return invalid_argument("a TensorZero row without input.messages");
  Json messages = Json::array();
  if (const Json* system = find(input, "system")) {
    if (!system->is_string()) return invalid_argument(kTemplate);
    messages.push_back({{"role", "system"}, {"content", *system}});
  }
  for (const Json& message : *written) {
    const std::string role = text_at(message, "role");
    const Json* content = find(message, "content");
    if ((role != "user" && role != "assistant") || content == nullptr) {
      return invalid_argument("a TensorZero row with a message that lacks its role or its content");
    }
    FW_TRY(add_message(role, *content, messages, unmapped));
  }
  if (messages.empty()) return invalid_argument("a TensorZero row without a message");
  return messages;
}

/// Tools by what a row may say of them: all with their definitions (`tools_available`), or those alone that the
/// application brought, and names of those in the configuration.
Status read_tools(const Json& row, Json& request, Json& unmapped) {
  const Json params = column(row, "tool_params");
  const Json& source = params.is_object() ? params : row;
  Json tools = Json::array();
  for (const char* key : {"tools_available", "additional_tools", "dynamic_tools"}) {
    const Json list = column(source, key);
    if (!list.is_array()) continue;
    for (const Json& written : list) {
      Json tool = unquoted(written);
      if (text_at(tool, "name").empty() || find(tool, "parameters") == nullptr) {
        note(unmapped, std::string(key) + " that are no functions");
        continue;
      }
      tool.erase("type");
      tools.push_back({{"type", "function"}, {"function", std::move(tool)}});
    }
  }
  const Json allowed = column(source, "allowed_tools");
  const Json* names = allowed.is_object() ? find(allowed, "tools") : &allowed;
  const auto is_defined = [&](const Json& name) {
    return std::ranges::any_of(tools, [&](const Json& tool) { return tool["function"]["name"] == name; });
  };
  if (names != nullptr && names->is_array() && !std::ranges::all_of(*names, is_defined)) {
    return invalid_argument(kToolsElsewhere);
  }
  for (const char* key : {"provider_tools", "dynamic_provider_tools"}) {
    if (const Json list = column(source, key); !list.empty() && list != "") note(unmapped, key);
  }
  if (!tools.empty()) request["tools"] = std::move(tools);
  const Json choice = column(source, "tool_choice");
  if (const std::string one = text_at(choice, "specific"); !one.empty()) {
    request["tool_choice"] = {{"type", "function"}, {"function", {{"name", one}}}};
  } else if (choice.is_string() && choice != "") {
    std::string name = choice.get<std::string>();
    std::erase(name, '"');  // a text of JSON in a column
    if (request.contains("tools")) request["tool_choice"] = std::move(name);
  }
  const Json* parallel = find(source, "parallel_tool_calls");
  if (parallel != nullptr && parallel->is_boolean()) request["parallel_tool_calls"] = *parallel;
  return {};
}

/// A JSON function's answer has a schema, which its models are asked for unless they are not to write JSON.
void read_parameters(const Json& row, Json& request, Json& unmapped) {
  const Json all = column(row, "inference_params");
  const Json* params = find(all, "chat_completion");
  std::string mode;
  if (params != nullptr && params->is_object()) {
    Json known = Json::object();
    for (const auto& [key, value] : params->items()) {
      if (value.is_null() || key == "json_mode") continue;
      const std::string name = key == "stop_sequences" ? "stop" : key;
      known[name] = value;
    }
    mode = text_at(*params, "json_mode");
    (void)copy_parameters(request, known);  // what it leaves out is noted below
    for (const auto& [key, value] : known.items()) {
      if (!request.contains(key)) note(unmapped, "inference_params." + key.substr(0, 64));
    }
  }
  const Json schema = column(row, "output_schema");
  if (!schema.is_object()) return;
  if (mode == "off") return note(unmapped, "output_schema");
  std::string name = text_at(row, "function_name").substr(0, 64);
  const auto is_plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; };
  std::ranges::replace_if(name, [&](char c) { return !is_plain(c); }, '_');
  request["response_format"] = {
      {"type", "json_schema"},
      {"json_schema", {{"name", std::move(name)}, {"schema", schema}, {"strict", mode == "strict"}}}};
}

/// The answer's message: blocks of a chat function, or what a JSON function's model wrote.
Result<Json> answer_of(const Json& output, Json& unmapped) {
  Json messages = Json::array();
  if (output.is_array() || output.is_string()) {
    FW_TRY(add_message("assistant", output, messages, unmapped));
  } else if (const Json* raw = find(output, "raw"); raw != nullptr && raw->is_string()) {
    messages.push_back({{"role", "assistant"}, {"content", *raw}});
  } else if (const Json* parsed = find(output, "parsed")) {
    messages.push_back({{"role", "assistant"}, {"content", to_text(*parsed)}});
  }
  if (messages.size() != 1 || messages.front()["role"] != "assistant") {
    return invalid_argument("a TensorZero row without an answer (output)");
  }
  return std::move(messages.front());
}

/// An UUID of version 7 begins with milliseconds since 1970.
std::optional<Timestamp> time_in(const std::string& id) {
  if (id.size() != 36 || id[14] != '7') return std::nullopt;
  std::string digits = id.substr(0, 8) + id.substr(9, 4);
  if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return std::nullopt;
  const std::chrono::milliseconds time(std::stoll(digits, nullptr, 16));
  return time < kLastTime.time_since_epoch() ? std::optional(Timestamp(time)) : std::nullopt;
}

std::optional<std::chrono::microseconds> milliseconds_at(const Json& row, const char* key) {
  const Json* value = find(row, key);
  if (value == nullptr || !value->is_number_unsigned()) return std::nullopt;
  return std::chrono::milliseconds(std::min<std::uint64_t>(value->get<std::uint64_t>(), UINT32_MAX));
}

void read_surroundings(const Json& row, Draft& draft) {
  const std::string id = text_at(row, find(row, "id") != nullptr ? "id" : "inference_id");
  draft.timestamp = time_at(row, {"timestamp"});
  if (!draft.timestamp) draft.timestamp = time_in(id);
  draft.identity = id.empty() ? identity_of(draft) : "TensorZero " + id;
  const Json tags = column(row, "tags");
  take_names(draft, tags);
  if (!draft.workload) draft.workload = record::repaired_id(text_at(row, "function_name"), 256);
  draft.provenance.conversation = record::repaired_id(text_at(row, "episode_id"), 1024);
  draft.provenance.total = milliseconds_at(row, "processing_time_ms");
  draft.provenance.first_token = milliseconds_at(row, "ttft_ms");
  if (!tags.is_object()) return;
  for (const auto& [name, value] : tags.items()) {
    if (name != "workload_id" && name != "client_id" && value.is_string() && draft.provenance.tags.size() < 32)
      draft.provenance.tags.push_back(
          {record::repaired_id(name, 256), record::repaired_id(value.get<std::string>(), 1024)});
  }
}

Result<Draft> read(const Document& document, codec::JsonSlicer&) {
  const Json row = json_of(document);
  Json unmapped = Json::array();
  const std::string variant = text_at(row, "variant_name");
  FW_ASSIGN(Json messages, messages_of(column(row, "input"), unmapped));
  Json request{{"model", variant.empty() ? "not-a-model" : variant}, {"messages", std::move(messages)}};
  FW_TRY(read_tools(row, request, unmapped));
  read_parameters(row, request, unmapped);
  for (const char* key : {"extra_body", "extra_headers"}) {
    if (const Json value = column(row, key); !value.empty() && value != "") note(unmapped, key);
  }
  FW_ASSIGN(Json answer, answer_of(column(row, "output"), unmapped));
  request["flywheel"] = {{"dialect", "tensorzero"}};
  if (!unmapped.empty()) request["flywheel"]["not_mapped"] = unmapped;
  Draft draft{.request = to_text(request), .response = to_text(response_around(std::move(answer), &request["model"]))};
  if (!unmapped.empty()) draft.repairs.push_back(kNotMapped);
  read_surroundings(row, draft);
  return draft;
}

}  // namespace

constexpr Format kTensorZero{.name = "TensorZero export", .recognises = recognises, .read = read};

}  // namespace fw::capture

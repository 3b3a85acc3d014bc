#include "capture/completions/impl/forms.h"
#include "capture/formats/impl/chat_shape.h"

/// Requests of Anthropic's /v1/messages.
namespace fw::capture {
namespace {

class MessagesRequest {
 public:
  explicit MessagesRequest(Json body) : body_(std::move(body)) {}

  RequestDraft draft() {
    if (const Json* system = find(body_, "system")) {
      out_.messages.push_back({{"role", "system"}, {"content", text_or_parts(*system)}});
    }
    for (const Json& message : find(body_, "messages") != nullptr ? body_["messages"] : Json::array()) {
      read_message(message);
    }
    for (const char* name : {"system", "messages"}) body_.erase(name);
    read_tools();
    read_tool_choice();
    out_.rename(body_, "stop_sequences", "stop");
    if (const Json* metadata = find(body_, "metadata"); metadata != nullptr && metadata->is_object()) {
      if (const auto user = text_at(*metadata, "user_id"); !user.empty()) out_.fields["user"] = user;
    }
    for (auto& [name, value] : body_.items()) out_.fields[name] = std::move(value);
    return std::move(out_);
  }

 private:
  /// A part of a chat message; a block of another kind stays as it is.
  Json part_of(const Json& block) {
    const std::string type = text_at(block, "type");
    if (find(block, "cache_control") != nullptr) out_.note("cache_control");
    if (type == "text") return {{"type", "text"}, {"text", text_at(block, "text")}};
    const Json* source = find(block, "source");
    if (source != nullptr && type == "image") return {{"type", "image_url"}, {"image_url", {{"url", url_of(*source)}}}};
    if (source != nullptr && type == "document") return document_part(block, *source);
    out_.note("a block of type " + (type.empty() ? "none" : type));
    return block;
  }

  static std::string url_of(const Json& source) {
    if (text_at(source, "type") != "base64") return text_at(source, "url");
    return "data:" + text_at(source, "media_type") + ";base64," + text_at(source, "data");
  }

  Json document_part(const Json& block, const Json& source) {
    const std::string type = text_at(source, "type");
    if (type == "text") return {{"type", "text"}, {"text", text_at(source, "data")}};
    if (type != "base64") {
      out_.note("a document that is not in the request");
      return block;
    }
    Json file{{"file_data", url_of(source)}};
    if (const auto title = text_at(block, "title"); !title.empty()) file["filename"] = title;
    return {{"type", "file"}, {"file", file}};
  }

  /// The text where it is only that, else parts.
  Json text_or_parts(const Json& content) {
    if (!content.is_array()) return content;
    Json parts = Json::array();
    for (const Json& block : content) parts.push_back(part_of(block));
    return parts.size() == 1 && text_at(parts[0], "type") == "text" ? parts[0]["text"] : parts;
  }

  void read_message(const Json& message) {
    const std::string role = text_at(message, "role");
    const Json* content = find(message, "content");
    if (content == nullptr) return;
    if (!content->is_array()) {
      out_.messages.push_back({{"role", role}, {"content", *content}});
    } else if (role == "assistant") {
      read_assistant(*content);
    } else {
      read_user(role, *content);
    }
  }

  /// Results of tools are messages of their own, before what the user says beside them.
  void read_user(const std::string& role, const Json& content) {
    Json rest = Json::array();
    for (const Json& block : content) {
      if (text_at(block, "type") == "tool_result")
        read_result(block);
      else
        rest.push_back(block);
    }
    if (!rest.empty() || content.empty()) out_.messages.push_back({{"role", role}, {"content", text_or_parts(rest)}});
  }

  void read_result(const Json& block) {
    const Json* content = find(block, "content");
    Json message{{"role", "tool"}, {"tool_call_id", text_at(block, "tool_use_id")}, {"content", ""}};
    if (content != nullptr) message["content"] = text_or_parts(*content);
    if (const Json* is_error = find(block, "is_error")) message["is_error"] = *is_error;
    out_.messages.push_back(std::move(message));
  }

  void read_assistant(const Json& content) {
    Answer answer(kLimit);
    std::int64_t index = 0;
    for (const Json& block : content) read_message_block(block, index++, answer);
    Json message = message_of(answer);
    for (const auto& what : answer.unmapped()) out_.note(what);
    out_.messages.push_back(std::move(message));
  }

  static Json message_of(const Answer& answer) {
    const Json response = Json::parse(answer.json());
    return response["choices"].empty() ? Json{{"role", "assistant"}, {"content", ""}}
                                       : response["choices"][0]["message"];
  }

  void read_tools() {
    const Json* tools = find(body_, "tools");
    if (tools == nullptr || !tools->is_array()) return;
    Json functions = Json::array();
    for (const Json& tool : *tools) {
      const Json* schema = find(tool, "input_schema");
      if (schema == nullptr) {
        out_.note("a tool of type " + text_at(tool, "type"));
        functions.push_back(tool);
        continue;
      }
      Json function{{"name", text_at(tool, "name")}};
      if (const auto text = text_at(tool, "description"); !text.empty()) function["description"] = text;
      function["parameters"] = *schema;
      functions.push_back({{"type", "function"}, {"function", std::move(function)}});
    }
    out_.fields["tools"] = std::move(functions);
    body_.erase("tools");
  }

  void read_tool_choice() {
    const Json* choice = find(body_, "tool_choice");
    if (choice == nullptr || !choice->is_object()) return;
    const std::string type = text_at(*choice, "type");
    if (type == "tool")
      out_.fields["tool_choice"] = {{"type", "function"}, {"function", {{"name", text_at(*choice, "name")}}}};
    else
      out_.fields["tool_choice"] = type == "any" ? "required" : type;
    const Json* is_alone = find(*choice, "disable_parallel_tool_use");
    if (is_alone != nullptr && is_alone->is_boolean()) out_.fields["parallel_tool_calls"] = !is_alone->get<bool>();
    body_.erase("tool_choice");
  }

  static constexpr std::size_t kLimit = std::size_t{64} << 20;
  Json body_;
  RequestDraft out_;
};

}  // namespace

RequestDraft request_of_messages(Json body) { return MessagesRequest(std::move(body)).draft(); }

}  // namespace fw::capture

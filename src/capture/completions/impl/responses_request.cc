#include "capture/completions/impl/forms.h"
#include "capture/formats/impl/chat_shape.h"

/// Requests of OpenAI's /v1/responses.
namespace fw::capture {
namespace {

class ResponsesRequest {
 public:
  explicit ResponsesRequest(Json body) : body_(std::move(body)) {}

  RequestDraft draft() {
    if (const auto text = text_at(body_, "instructions"); !text.empty()) {
      out_.messages.push_back({{"role", "system"}, {"content", text}});
    }
    read_input();
    for (const char* name : {"previous_response_id", "conversation", "prompt"}) {
      if (find(body_, name) != nullptr) out_.note(std::string(name) + ": what it refers to is not in the request");
    }
    for (const char* name : {"instructions", "input"}) body_.erase(name);
    read_tools();
    read_tool_choice();
    read_text_settings();
    out_.rename(body_, "max_output_tokens", "max_completion_tokens");
    if (const Json* reasoning = find(body_, "reasoning")) {
      if (const auto effort = text_at(*reasoning, "effort"); !effort.empty()) out_.fields["reasoning_effort"] = effort;
    }
    for (auto& [name, value] : body_.items()) out_.fields[name] = std::move(value);
    return std::move(out_);
  }

 private:
  void read_input() {
    const Json* input = find(body_, "input");
    if (input == nullptr) return;
    if (!input->is_array()) {
      out_.messages.push_back({{"role", "user"}, {"content", *input}});
      return;
    }
    for (const Json& item : *input) read_item(item);
    close_assistant();
  }

  void read_item(const Json& item) {
    const std::string type = text_at(item, "type");
    const std::string role = text_at(item, "role");
    if (type == "function_call_output" || type == "custom_tool_call_output") return read_result(item);
    if (role == "assistant" || type == "function_call" || type == "custom_tool_call" || type == "reasoning") {
      return read_assistant(item);
    }
    close_assistant();
    if (role.empty()) {
      out_.note("an input item of type " + (type.empty() ? "none" : type));
      return;
    }
    const Json* content = find(item, "content");
    out_.messages.push_back({{"role", role}, {"content", content == nullptr ? Json("") : content_of(*content)}});
  }

  void read_result(const Json& item) {
    close_assistant();
    const Json* output = find(item, "output");
    out_.messages.push_back({{"role", "tool"},
                             {"tool_call_id", text_at(item, "call_id")},
                             {"content", output == nullptr ? Json("") : content_of(*output)}});
  }

  /// What a model said, thought and called in one turn is one message of a chat; here each is an item.
  void read_assistant(const Json& item) {
    const Json* content = find(item, "content");
    const bool is_message = text_at(item, "role") == "assistant";
    // A message after calls is the next turn's.
    if (is_message && turn_ && turn_->has_calls()) close_assistant();
    if (!turn_) turn_.emplace(kLimit);
    if (is_message && content != nullptr && content->is_string()) {
      const Json part{{"type", "output_text"}, {"text", *content}};
      read_response_item({{"type", "message"}, {"content", Json::array({part})}}, 0, *turn_);
    } else {
      Json typed = item;
      if (is_message) typed["type"] = "message";
      read_response_item(typed, number_++, *turn_);
    }
  }

  void close_assistant() {
    if (!turn_) return;
    const Json response = Json::parse(turn_->json());
    if (!response["choices"].empty()) out_.messages.push_back(response["choices"][0]["message"]);
    for (const auto& what : turn_->unmapped()) out_.note(what);
    turn_.reset();
  }

  Json content_of(const Json& content) {
    if (!content.is_array()) return content;
    Json parts = Json::array();
    for (const Json& part : content) parts.push_back(part_of(part));
    return parts.size() == 1 && text_at(parts[0], "type") == "text" ? parts[0]["text"] : parts;
  }

  Json part_of(const Json& part) {
    const std::string type = text_at(part, "type");
    if (type == "input_text" || type == "output_text" || type == "text") {
      return {{"type", "text"}, {"text", text_at(part, "text")}};
    }
    if (type == "input_image" && !text_at(part, "image_url").empty()) {
      Json image{{"url", text_at(part, "image_url")}};
      if (const auto detail = text_at(part, "detail"); !detail.empty()) image["detail"] = detail;
      return {{"type", "image_url"}, {"image_url", std::move(image)}};
    }
    if (type == "input_file") {
      Json file = part;
      file.erase("type");
      return {{"type", "file"}, {"file", std::move(file)}};
    }
    if (type == "input_audio") return part;
    out_.note("a part of type " + (type.empty() ? "none" : type));
    return part;
  }

  void read_tools() {
    const Json* tools = find(body_, "tools");
    if (tools == nullptr || !tools->is_array()) return;
    Json all = Json::array();
    for (Json tool : *tools) {
      const std::string type = text_at(tool, "type");
      if (type == "function" || type == "custom") {
        tool.erase("type");
        all.push_back({{"type", type}, {type, std::move(tool)}});
      } else {
        out_.note("a tool of type " + type);
        all.push_back(std::move(tool));
      }
    }
    out_.fields["tools"] = std::move(all);
    body_.erase("tools");
  }

  void read_tool_choice() {
    const Json* choice = find(body_, "tool_choice");
    if (choice == nullptr || !choice->is_object()) return;
    const std::string type = text_at(*choice, "type");
    if (type != "function" && type != "custom") return;
    out_.fields["tool_choice"] = {{"type", type}, {type, {{"name", text_at(*choice, "name")}}}};
    body_.erase("tool_choice");
  }

  void read_text_settings() {
    const Json* text = find(body_, "text");
    if (text == nullptr || !text->is_object()) return;
    if (const auto verbosity = text_at(*text, "verbosity"); !verbosity.empty()) out_.fields["verbosity"] = verbosity;
    if (const Json* format = find(*text, "format"); format != nullptr && format->is_object()) {
      Json form = *format;
      if (text_at(form, "type") == "json_schema") {
        form.erase("type");
        form = {{"type", "json_schema"}, {"json_schema", std::move(form)}};
      }
      out_.fields["response_format"] = std::move(form);
    }
    body_.erase("text");
  }

  static constexpr std::size_t kLimit = std::size_t{64} << 20;
  Json body_;
  RequestDraft out_;
  std::optional<Answer> turn_;
  std::int64_t number_ = 0;
};

}  // namespace

RequestDraft request_of_responses(Json body) { return ResponsesRequest(std::move(body)).draft(); }

}  // namespace fw::capture

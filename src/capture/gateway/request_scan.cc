#include "capture/gateway/request_scan.h"

#include <simdjson.h>

#include <nlohmann/json.hpp>

#include "codec/json_slicer.h"

namespace fw::capture {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kMaxText = 4096;    // of a label
constexpr std::size_t kMaxMetadata = 64;  // pairs
constexpr std::size_t kMaxSystem = 64 * 1024;
constexpr std::size_t kMaxPrompt = 8 * 1024;
constexpr std::size_t kMaxTools = 512;

std::string text_of(dom::element value, std::size_t most = kMaxText) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return {};
  return std::string(text.substr(0, most));
}

void read_metadata(dom::element value, RequestScan& scan) {
  dom::object pairs;
  if (value.get_object().get(pairs) != simdjson::SUCCESS) return;
  for (const auto field : pairs) {
    if (scan.metadata.size() >= kMaxMetadata) return;
    if (field.value.is_string()) scan.metadata.emplace_back(field.key.substr(0, kMaxText), text_of(field.value));
  }
}

/// Text of a message's content: a text, or the text parts of a list.
std::string content_text(dom::element content, std::size_t most = kMaxSystem) {
  if (content.is_string()) return text_of(content, most);
  std::string out;
  dom::array parts;
  if (content.get_array().get(parts) != simdjson::SUCCESS) return {};
  for (const dom::element part : parts) {
    dom::element text;
    if (part["text"].get(text) == simdjson::SUCCESS) out += text_of(text, most);
    if (out.size() >= most) break;
  }
  return out;
}

bool is_instruction(std::string_view role) { return role == "system" || role == "developer"; }

/// Text of the first message of the application (`of_system`), or of its user.
std::string first_text(const dom::array& messages, bool of_system) {
  for (const dom::element message : messages) {
    std::string_view role;
    if (message["role"].get_string().get(role) != simdjson::SUCCESS) continue;
    dom::element content;
    if (of_system ? !is_instruction(role) : role != "user") continue;
    if (message["content"].get(content) != simdjson::SUCCESS) return {};
    return content_text(content, of_system ? kMaxSystem : kMaxPrompt);
  }
  return {};
}

void read_messages(dom::element value, RequestScan& scan) {
  dom::array messages;
  if (value.get_array().get(messages) != simdjson::SUCCESS) return;
  if (scan.system.empty()) scan.system = first_text(messages, true);
  scan.prompt = first_text(messages, false);
}

/// Tools as any of the APIs lists them: `{"function": {"name"}}` or `{"name"}`.
void read_tools(dom::element value, RequestScan& scan) {
  dom::array tools;
  if (value.get_array().get(tools) != simdjson::SUCCESS) return;
  for (const dom::element tool : tools) {
    if (scan.tools.size() >= kMaxTools) return;
    dom::element name;
    const bool is_named =
        tool["function"]["name"].get(name) == simdjson::SUCCESS || tool["name"].get(name) == simdjson::SUCCESS;
    if (is_named) scan.tools.push_back(text_of(name));
  }
}

/// `response_format`, or the Responses API's `text.format`, whose name stands beside its type.
void read_output(dom::element format, RequestScan& scan) {
  std::string_view type, name;
  if (format["type"].get_string().get(type) != simdjson::SUCCESS) return;
  scan.output = std::string(type.substr(0, kMaxText));
  if (format["json_schema"]["name"].get_string().get(name) == simdjson::SUCCESS ||
      format["name"].get_string().get(name) == simdjson::SUCCESS) {
    scan.output += ':' + std::string(name.substr(0, kMaxText));
  }
}

/// What rules look at.
void read_traits(std::string_view key, dom::element value, RequestScan& scan) {
  if (key == "messages") {
    read_messages(value, scan);
  } else if (key == "system" || key == "instructions") {
    scan.system = content_text(value);
  } else if (key == "tools" || key == "functions") {
    read_tools(value, scan);
  } else if (key == "input" || key == "prompt") {
    if (value.is_string()) scan.prompt = text_of(value, kMaxPrompt);
    if (value.is_array()) read_messages(value, scan);
  } else if (key == "response_format") {
    read_output(value, scan);
  } else if (key == "text") {
    dom::element format;
    if (value["format"].get(format) == simdjson::SUCCESS) read_output(format, scan);
  }
}

void read_field(std::string_view key, dom::element value, bool wants_traits, RequestScan& scan) {
  if (key == "model") {
    scan.model = text_of(value);
  } else if (key == "stream") {
    scan.is_stream = value.is_bool() && bool(value);
  } else if (key == "user") {
    scan.user = text_of(value);
  } else if (key == "metadata") {
    read_metadata(value, scan);
  } else if (wants_traits) {
    read_traits(key, value, scan);
  }
}

}  // namespace

struct RequestScanner::Impl {
  dom::parser parser;
  codec::JsonSlicer slicer;

  /// Numbers of any size are JSON; the fast parser takes those of 64 bits.
  void scan_slowly(std::string_view body, RequestScan& scan) {
    const auto members = slicer.members(body);
    if (!members.ok()) return;
    scan.is_object = true;
    for (const auto& member : *members) {
      if (member.key == "stream") scan.is_stream = member.raw == "true";
      if (member.key != "model" && member.key != "user") continue;
      auto text = slicer.string(member.raw);
      if (text.ok()) (member.key == "model" ? scan.model : scan.user) = text->substr(0, kMaxText);
    }
  }
};

RequestScanner::RequestScanner() : impl_(std::make_unique<Impl>()) {}
RequestScanner::~RequestScanner() = default;

RequestScan RequestScanner::scan(std::string& body, bool wants_system) {
  RequestScan scan;
  body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  dom::object object;
  const auto code = impl_->parser.parse(body.data(), body.size(), false).get_object().get(object);
  if (code == simdjson::NUMBER_ERROR) impl_->scan_slowly(body, scan);
  if (code != simdjson::SUCCESS) return scan;
  scan.is_object = true;
  for (const auto field : object) read_field(field.key, field.value, wants_system, scan);
  return scan;
}

Result<std::string> with_model(std::string_view body, std::string_view model) {
  codec::JsonSlicer slicer;
  FW_ASSIGN(const auto members, slicer.members(body));
  const std::string quoted = nlohmann::json(model).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  for (const auto& member : members) {
    if (member.key != "model") continue;
    const auto at = static_cast<std::size_t>(member.raw.data() - body.data());
    return std::string(body.substr(0, at)).append(quoted).append(body.substr(at + member.raw.size()));
  }
  return invalid_argument("the request names no model");
}

}  // namespace fw::capture

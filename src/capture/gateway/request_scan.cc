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
std::string content_text(dom::element content) {
  if (content.is_string()) return text_of(content, kMaxSystem);
  std::string out;
  dom::array parts;
  if (content.get_array().get(parts) != simdjson::SUCCESS) return {};
  for (const dom::element part : parts) {
    dom::element text;
    if (part["text"].get(text) == simdjson::SUCCESS) out += text_of(text, kMaxSystem);
    if (out.size() >= kMaxSystem) break;
  }
  return out;
}

std::string first_system(dom::element messages) {
  dom::array list;
  if (messages.get_array().get(list) != simdjson::SUCCESS) return {};
  for (const dom::element message : list) {
    std::string_view role;
    if (message["role"].get_string().get(role) != simdjson::SUCCESS) continue;
    dom::element content;
    if (role != "system" && role != "developer") continue;
    return message["content"].get(content) == simdjson::SUCCESS ? content_text(content) : std::string();
  }
  return {};
}

void read_field(std::string_view key, dom::element value, bool wants_system, RequestScan& scan) {
  if (key == "model") {
    scan.model = text_of(value);
  } else if (key == "stream") {
    scan.is_stream = value.is_bool() && bool(value);
  } else if (key == "user") {
    scan.user = text_of(value);
  } else if (key == "metadata") {
    read_metadata(value, scan);
  } else if (wants_system && key == "messages") {
    scan.system = first_system(value);
  } else if (wants_system && (key == "system" || key == "instructions")) {
    scan.system = content_text(value);
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

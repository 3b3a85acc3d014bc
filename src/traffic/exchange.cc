#include "traffic/exchange.h"

#include <simdjson.h>

#include <algorithm>

#include "codec/utf8.h"

namespace fw::traffic {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

std::string_view text_at(const object& from, const char* key) {
  std::string_view text;
  return from[key].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::optional<std::uint64_t> number_at(const object& from, const char* key) {
  std::uint64_t value = 0;
  if (from[key].get(value) == simdjson::SUCCESS) return value;
  return std::nullopt;
}

/// At most `bytes` of `text`, whole characters.
std::string beginning(std::string_view text, std::size_t bytes) { return std::string(codec::utf8_prefix(text, bytes)); }

/// Calls `visit` for every text of a message's content: the string, or the texts of its parts.
template <class Visit>
void for_each_text(const object& message, const Visit& visit) {
  element content;
  if (message["content"].get(content) != simdjson::SUCCESS) return;
  std::string_view text;
  if (content.get(text) == simdjson::SUCCESS) return visit(text);
  array parts;
  if (content.get(parts) != simdjson::SUCCESS) return;
  for (const element part : parts) {
    object fields;
    if (part.get(fields) == simdjson::SUCCESS) visit(text_at(fields, "text"));
  }
}

/// Calls `visit(name, arguments)` for every tool call of a message; arguments that are no text are empty.
template <class Visit>
void for_each_call(const object& message, const Visit& visit) {
  array calls;
  if (message["tool_calls"].get(calls) != simdjson::SUCCESS) return;
  for (const element call : calls) {
    object function;
    if (call["function"].get(function) == simdjson::SUCCESS)
      visit(text_at(function, "name"), text_at(function, "arguments"));
  }
}

std::string text_of(const object& message) {
  std::string out;
  for_each_text(message, [&](std::string_view text) {
    if (out.size() >= ExchangeReader::kPreviewBytes || text.empty()) return;
    out += (out.empty() ? "" : "\n") + std::string(text.substr(0, 4 * ExchangeReader::kPreviewBytes));
  });
  return beginning(out, ExchangeReader::kPreviewBytes);
}

void read_request(const object& request, Exchange& out) {
  if (out.model_asked.empty()) out.model_asked = text_at(request, "model");
  array list;
  if (request["tools"].get(list) == simdjson::SUCCESS) out.tools_offered = list.size();
  if (request["messages"].get(list) != simdjson::SUCCESS) return;
  element last;
  for (const element message : list) {
    last = message;
    ++out.messages;
  }
  object message;
  if (out.messages > 0 && last.get(message) == simdjson::SUCCESS) out.asked = text_of(message);
}

void read_message(const object& message, Exchange& out) {
  out.answered = text_of(message);
  for_each_call(message, [&](std::string_view name, std::string_view arguments) {
    if (out.answered.empty()) out.answered = beginning(arguments, ExchangeReader::kPreviewBytes);
    if (out.called.size() < ExchangeReader::kMostTools) out.called.push_back(beginning(name, 256));
  });
  out.label = out.called.empty() ? "no_tool" : out.called.front();
}

void read_usage(const object& usage, Exchange& out) {
  out.prompt_tokens = number_at(usage, "prompt_tokens");
  out.completion_tokens = number_at(usage, "completion_tokens");
  object details;
  if (usage["prompt_tokens_details"].get(details) == simdjson::SUCCESS)
    out.cached_tokens = number_at(details, "cached_tokens");
}

bool first_message(const object& response, object& choice, object& message) {
  array choices;
  element first;
  return response["choices"].get(choices) == simdjson::SUCCESS && choices.at(0).get(first) == simdjson::SUCCESS &&
         first.get(choice) == simdjson::SUCCESS && choice["message"].get(message) == simdjson::SUCCESS;
}

void read_response(const object& response, Exchange& out) {
  if (out.model_answered.empty()) out.model_answered = text_at(response, "model");
  object part;
  if (response["usage"].get(part) == simdjson::SUCCESS) read_usage(part, out);
  object choice, message;
  if (first_message(response, choice, message)) {
    out.finish_reason = text_at(choice, "finish_reason");
    return read_message(message, out);
  }
  element error;
  if (response["error"].get(error) != simdjson::SUCCESS || error.is_null()) return;
  out.is_error = true;
  std::string_view text;
  if (error.get(text) != simdjson::SUCCESS && error.get(part) == simdjson::SUCCESS) text = text_at(part, "message");
  out.answered = beginning(text, ExchangeReader::kPreviewBytes);
}

void read_outline(const record::Outline& outline, Exchange& out) {
  out.label = outline.label;
  out.called = outline.called;
  out.tools_offered = outline.tools_offered;
  out.messages = outline.messages;
  out.finish_reason = outline.finish_reason;
  out.prompt_tokens = outline.prompt_tokens;
  out.completion_tokens = outline.completion_tokens;
  out.cached_tokens = outline.cached_tokens;
  out.is_error = out.is_error || outline.is_error;
  out.content_expired = outline.expired;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool contains(std::string_view text, std::string_view wanted) {
  return std::search(text.begin(), text.end(), wanted.begin(), wanted.end(),
                     [](char a, char b) { return lower(a) == b; }) != text.end();
}

bool message_has(const object& message, std::string_view wanted) {
  bool found = false;
  for_each_text(message, [&](std::string_view text) { found = found || contains(text, wanted); });
  for_each_call(message, [&](std::string_view name, std::string_view arguments) {
    found = found || contains(name, wanted) || contains(arguments, wanted);
  });
  return found;
}

/// What the application itself says to every request is in all of them: a word of it finds nothing worth finding.
bool is_instruction(const object& message) {
  const auto role = text_at(message, "role");
  return role == "system" || role == "developer";
}

bool request_has(const object& request, std::string_view wanted) {
  array messages;
  if (request["messages"].get(messages) != simdjson::SUCCESS) return false;
  for (const element one : messages) {
    object message;
    if (one.get(message) == simdjson::SUCCESS && !is_instruction(message) && message_has(message, wanted)) return true;
  }
  return false;
}

}  // namespace

struct ExchangeReader::Impl {
  bool parse(std::string_view text, object& out) {
    element root;
    return parser.parse(text.data(), text.size()).get(root) == simdjson::SUCCESS && root.get(out) == simdjson::SUCCESS;
  }
  simdjson::dom::parser parser;
};

ExchangeReader::ExchangeReader() : impl_(std::make_unique<Impl>()) {}
ExchangeReader::~ExchangeReader() = default;

Exchange ExchangeReader::read(const record::Interaction& interaction) {
  const auto& known = interaction.provenance;
  Exchange out;
  out.model_asked = known.model_asked;
  out.model_answered = known.model_answered;
  out.is_error = known.ending == record::Ending::kRefused || known.ending == record::Ending::kUpstreamDied ||
                 known.http_status.value_or(200) >= 400;
  if (interaction.outline) {
    read_outline(*interaction.outline, out);
    return out;
  }
  object root;
  if (impl_->parse(interaction.request, root)) read_request(root, out);
  if (impl_->parse(interaction.response, root)) read_response(root, out);
  return out;
}

bool ExchangeReader::has_text(const record::Interaction& interaction, std::string_view lower_case) {
  object root;
  if (impl_->parse(interaction.request, root) && request_has(root, lower_case)) return true;
  object choice, message;
  return impl_->parse(interaction.response, root) && first_message(root, choice, message) &&
         message_has(message, lower_case);
}

}  // namespace fw::traffic

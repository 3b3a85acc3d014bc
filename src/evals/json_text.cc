#include "evals/json_text.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace fw::evals {
namespace {

bool is_json_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// One past the closing quote of the string that begins at `at`.
std::size_t string_end(std::string_view json, std::size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at)
    if (json[at] == '\\') ++at;
  return std::min(at + 1, json.size());
}

/// One past the value that begins at `at`.
std::size_t value_end(std::string_view json, std::size_t at) {
  int depth = 0;
  while (at < json.size()) {
    const char c = json[at];
    if (depth == 0 && (c == ',' || c == '}' || c == ']' || is_json_space(c))) return at;
    if (c == '"') {
      at = string_end(json, at);
    } else {
      depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
      ++at;
    }
    if (depth == 0 && (c == '"' || c == '}' || c == ']')) return at;
  }
  return at;
}

std::size_t skip_space(std::string_view json, std::size_t at) {
  while (at < json.size() && is_json_space(json[at])) ++at;
  return at;
}

bool is_surrogate(std::string_view escape, char low, char high) {
  return escape.size() >= 6 && escape[0] == '\\' && escape[1] == 'u' && (escape[2] | 0x20) == 'd' &&
         (escape[3] | 0x20) >= low && (escape[3] | 0x20) <= high;
}
bool is_high(std::string_view escape) { return is_surrogate(escape, '8', '9') || is_surrogate(escape, 'a', 'b'); }
bool is_low(std::string_view escape) { return is_surrogate(escape, 'c', 'f'); }

/// Copies a string literal; a surrogate without its partner becomes the replacement character.
void append_string(std::string& out, std::string_view literal) {
  for (std::size_t i = 0; i < literal.size();) {
    const std::string_view rest = literal.substr(i);
    if (rest[0] != '\\') {
      out.push_back(rest[0]);
      ++i;
    } else if (is_high(rest) && is_low(rest.substr(6))) {
      out += rest.substr(0, 12);
      i += 12;
    } else if (is_high(rest) || is_low(rest)) {
      out += "\\ufffd";
      i += 6;
    } else {
      out += rest.substr(0, 2);
      i += 2;
    }
  }
}

/// Length of the UTF-8 sequence at the front, 0 when there is none.
std::size_t sequence_length(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u; };
  const auto is_tail = [&](std::size_t i) { return (at(i) & 0xc0) == 0x80; };
  const unsigned first = at(0), second = at(1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return is_tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (first == 0xe0 && second < 0xa0) return 0;
    if (first == 0xed && second > 0x9f) return 0;
    return is_tail(1) && is_tail(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (first == 0xf0 && second < 0x90) return 0;
    if (first == 0xf4 && second > 0x8f) return 0;
    return is_tail(1) && is_tail(2) && is_tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = sequence_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::vector<JsonMember> json_members(std::string_view object) {
  std::vector<JsonMember> members;
  std::size_t at = skip_space(object, 0);
  if (at >= object.size() || object[at] != '{') return members;
  at = skip_space(object, at + 1);
  while (at < object.size() && object[at] == '"') {
    const std::size_t name_end = string_end(object, at);
    const auto name = parse_python_json(object.substr(at, name_end - at));
    at = skip_space(object, skip_space(object, name_end) + 1);  // past the colon
    const std::size_t end = value_end(object, at);
    if (name.ok() && name->string() && end > at) members.push_back({*name->string(), object.substr(at, end - at)});
    at = skip_space(object, end);
    if (at < object.size() && object[at] == ',') at = skip_space(object, at + 1);
  }
  return members;
}

std::string compact_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t i = 0; i < json.size();) {
    const char c = json[i];
    if (c == '"') {
      const std::size_t end = string_end(json, i);
      append_string(out, json.substr(i, end - i));
      i = end;
    } else if (c == 'N' || c == 'I' || json.substr(i, 2) == "-I") {
      out += "null";
      i += c == 'N' ? 3 : c == 'I' ? 8 : 9;
    } else {
      if (!is_json_space(c)) out.push_back(c);
      ++i;
    }
  }
  return out;
}

std::string to_json_text(const PythonValue& value) {
  if (const bool* b = value.boolean()) return *b ? "true" : "false";
  if (const auto* i = value.integer()) return (i->negative ? "-" : "") + i->digits;
  if (const auto* d = value.floating()) return std::isfinite(*d) ? json_number(*d) : "null";
  if (const auto* s = value.string()) return json_quoted(*s);
  std::string out;
  if (const auto* items = value.list()) {
    for (const PythonValue& item : *items) out += (out.empty() ? "" : ",") + to_json_text(item);
    return "[" + out + "]";
  }
  if (const auto* members = value.dict()) {
    for (const auto& [name, member] : *members)
      out += (out.empty() ? "" : ",") + json_quoted(name) + ":" + to_json_text(member);
    return "{" + out + "}";
  }
  return "null";
}

std::string json_number(double value) { return nlohmann::json(value).dump(); }

std::string json_quoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace fw::evals

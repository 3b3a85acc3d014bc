#include "modelops/openai/credentials.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

#include "modelops/openai/endpoint_url.h"

namespace fw::modelops {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_line_break(char c) { return c == '\r' || c == '\n'; }

/// The next `${NAME}` at or behind `from`: where it begins, where it ends, and the name.
struct Place {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string name;
};

std::optional<Place> next_place(std::string_view text, std::size_t from) {
  const auto begin = text.find("${", from);
  if (begin == std::string_view::npos) return std::nullopt;
  const auto close = text.find('}', begin);
  if (close == std::string_view::npos) return std::nullopt;
  return Place{begin, close + 1, std::string(text.substr(begin + 2, close - begin - 2))};
}

Status add_key(const Endpoint& endpoint, const Variables& variables, Credentials& out) {
  if (endpoint.api_key_env.empty()) return {};
  auto read = read_key(endpoint.api_key_env, variables);
  if (!read.ok()) return read.error().within("api_key_env of " + shown_url(endpoint.url));
  out.secrets.push_back(read->key);
  if (!read->note.empty()) out.notes.push_back(read->note);
  std::string header = endpoint.api_key_header;
  if (header.empty() && is_azure_deployment(endpoint.url)) header = "api-key";
  if (header.empty()) {
    out.headers.set("Authorization", "Bearer " + read->key);
  } else {
    out.headers.set(header, read->key);
  }
  return {};
}

Result<std::string> fill(const std::string& name, const std::string& value, const Variables& variables,
                         Credentials& out) {
  auto filled = fill_variables(value, variables);
  if (!filled.ok()) return filled.error().within(name);
  if (std::ranges::any_of(filled->text, [](unsigned char c) { return c < ' ' || c == 127; }))
    return invalid_argument(name + ": its value holds a line break or another control character");
  out.secrets.insert(out.secrets.end(), filled->secrets.begin(), filled->secrets.end());
  if (is_secret_name(name)) out.secrets.push_back(filled->text);
  return filled->text;
}

}  // namespace

Variables process_variables() {
  return [](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return std::string(value == nullptr ? "" : value);
  };
}

Result<KeyText> read_key(const std::string& variable, const Variables& variables) {
  const std::string value = variables(variable);
  const std::string name = "environment variable " + variable;
  if (value.empty()) return failed_precondition(name + " is not set; set it where flywheel is started");
  const std::string_view key = trimmed(value);
  if (key.empty()) return failed_precondition(name + " is blank; put the key into it");
  if (std::ranges::any_of(key, is_line_break))
    return invalid_argument(name + " holds a line break within the key; a key is one line");
  if (std::ranges::any_of(key, is_blank))
    return invalid_argument(name + " holds a blank within the key; put the key alone into it");
  if (std::ranges::any_of(key, [](unsigned char c) { return c < ' ' || c >= 127; }))
    return invalid_argument(name + " holds a character that no key has (a control or non-ASCII character)");
  KeyText out{.key = std::string(key)};
  if (key.size() < value.size()) {
    const bool broken = std::ranges::any_of(value, is_line_break);
    out.note = name + " has " + (broken ? "a line break" : "blanks") + " around its key, which were not sent";
  }
  return out;
}

Result<FilledText> fill_variables(std::string_view text, const Variables& variables) {
  FilledText out;
  std::size_t from = 0;
  while (const auto place = next_place(text, from)) {
    FW_ASSIGN(auto value, read_key(place->name, variables));
    out.text += text.substr(from, place->begin - from);
    out.text += value.key;
    out.secrets.push_back(std::move(value.key));
    from = place->end;
  }
  out.text += text.substr(from);
  return out;
}

std::vector<std::string> variables_in(std::string_view text) {
  std::vector<std::string> out;
  for (auto place = next_place(text, 0); place; place = next_place(text, place->end)) out.push_back(place->name);
  return out;
}

Result<Credentials> credentials_of(const Endpoint& endpoint, const Variables& variables) {
  Credentials out;
  FW_TRY(add_key(endpoint, variables, out));
  for (const auto& [name, value] : endpoint.headers) {
    FW_ASSIGN(auto text, fill(name, value, variables, out));
    out.headers.set(name, std::move(text));
  }
  for (const auto& [name, value] : endpoint.query) {
    FW_ASSIGN(auto text, fill(name, value, variables, out));
    out.query.emplace_back(name, std::move(text));
  }
  return out;
}

bool is_secret_name(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::array<std::string_view, 8> kParts{"key",    "token",    "secret",    "authorization",
                                                   "cookie", "password", "signature", "credential"};
  return lower == "sig" || lower == "code" ||
         std::ranges::any_of(kParts, [&](std::string_view part) { return lower.find(part) != std::string::npos; });
}

}  // namespace fw::modelops

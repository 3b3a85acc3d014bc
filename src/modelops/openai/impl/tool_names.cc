#include "modelops/openai/impl/tool_names.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "modelops/openai/impl/refusal.h"

namespace fw::modelops {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostBytes = 64;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool is_plain(const std::string& name) {
  return !name.empty() && name.size() <= kMostBytes && std::ranges::all_of(name, [](char c) { return is_plain(c); });
}

Json* at(Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() ? nullptr : &*it;
}

/// Calls `use` with each name of a function within a list of tools or calls.
template <typename Use>
void each_name(Json* list, const Use& use) {
  if (list == nullptr || !list->is_array()) return;
  for (Json& one : *list) {
    Json* function = at(one, "function");
    Json* name = function == nullptr ? nullptr : at(*function, "name");
    if (name != nullptr && name->is_string()) use(*name);
  }
}

template <typename Use>
void each_name_of_request(Json& request, const Use& use) {
  each_name(at(request, "tools"), use);
  if (Json* choice = at(request, "tool_choice"))
    if (Json* function = at(*choice, "function"))
      if (Json* name = at(*function, "name"); name != nullptr && name->is_string()) use(*name);
  Json* messages = at(request, "messages");
  if (messages == nullptr || !messages->is_array()) return;
  for (Json& message : *messages) {
    each_name(at(message, "tool_calls"), use);
    const Json* role = at(message, "role");
    Json* name = at(message, "name");
    if (role != nullptr && *role == "tool" && name != nullptr && name->is_string()) use(*name);
  }
}

std::string plain_name(const std::string& name, const std::set<std::string>& taken) {
  std::string plain = name.substr(0, kMostBytes);
  std::ranges::replace_if(plain, [](char c) { return !is_plain(c); }, '_');
  if (plain.empty()) plain = "tool";
  std::string out = plain;
  for (int i = 2; taken.contains(out); ++i) {
    const std::string end = "_" + std::to_string(i);
    out = plain.substr(0, kMostBytes - end.size()) + end;
  }
  return out;
}

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::optional<PlainNames> with_plain_names(const std::string& body) {
  Json request = Json::parse(body, nullptr, false);
  if (!request.is_object()) return std::nullopt;
  std::set<std::string> taken;
  std::map<std::string, std::string> plain_of;
  each_name_of_request(request, [&](const Json& name) {
    const auto& text = name.get_ref<const std::string&>();
    if (is_plain(text)) {
      taken.insert(text);
    } else {
      plain_of.emplace(text, "");
    }
  });
  if (plain_of.empty()) return std::nullopt;
  PlainNames out;
  for (auto& [name, plain] : plain_of) {
    plain = plain_name(name, taken);
    taken.insert(plain);
    out.originals.emplace(plain, name);
  }
  each_name_of_request(request, [&](Json& name) {
    const auto it = plain_of.find(name.get_ref<const std::string&>());
    if (it != plain_of.end()) name = it->second;
  });
  out.body = text_of(request);
  return out;
}

std::string with_original_names(const std::string& body, const std::map<std::string, std::string>& originals) {
  Json answer = Json::parse(body, nullptr, false);
  Json* choices = at(answer, "choices");
  if (choices == nullptr || !choices->is_array()) return body;
  const auto restore = [&](Json& name) {
    const auto it = originals.find(name.get_ref<const std::string&>());
    if (it != originals.end()) name = it->second;
  };
  for (Json& choice : *choices)
    if (Json* message = at(choice, "message")) each_name(at(*message, "tool_calls"), restore);
  return text_of(answer);
}

bool refuses_tool_names(const net::Response& response) {
  if (response.status != 400 && response.status != 422) return false;
  const auto error = error_in(response);
  if (!error) return false;
  std::string text = error->message + ' ' + error->parameter;
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto has = [&](std::string_view phrase) { return text.find(phrase) != text.npos; };
  const bool is_about_names = has("function.name") || has("function name") || has("tool name") || has("tools.") ||
                              (has("tool") && has("name")) || (has("function") && has("name"));
  constexpr std::array kForms{"pattern",    "alphanumeric", "a-z",           "invalid char", "invalid function name",
                              "underscore", "at most 64",   "maximum length"};
  return is_about_names && std::ranges::any_of(kForms, has);
}

}  // namespace fw::modelops

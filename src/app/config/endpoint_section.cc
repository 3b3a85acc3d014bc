#include "app/config/endpoint_section.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "app/config/sections.h"
#include "modelops/openai/credentials.h"
#include "modelops/openai/endpoint_url.h"
#include "modelops/openai/redaction.h"

namespace fw::app {
namespace {

bool is_variable_name(const std::string& name) {
  const auto is_letter = [](unsigned char c) { return std::isalpha(c) != 0 || c == '_'; };
  return !name.empty() && is_letter(static_cast<unsigned char>(name[0])) &&
         std::ranges::all_of(name, [&](unsigned char c) { return is_letter(c) || std::isdigit(c) != 0; });
}

/// Values of headers or query: variables that they name, and keys that stand there in plain text.
void check_values(YamlSection& section, const char* key, const std::vector<std::pair<std::string, std::string>>& pairs,
                  const Environment& environment) {
  for (const auto& [name, value] : pairs) {
    const auto variables = modelops::variables_in(value);
    for (const auto& variable : variables) {
      check_variable(section, key, variable, environment, "requests to this endpoint will fail");
    }
    if (variables.empty() && (modelops::is_secret_name(name) || modelops::looks_like_key(value))) {
      section.warning(key,
                      name + " seems to hold a key in plain text; write ${NAME} and put the key into that variable");
    }
  }
}

/// What the program fills in itself and cannot do without.
void check_overrides(YamlSection& section, const modelops::RequestOverrides& overrides) {
  const auto check = [&](const char* key, const std::string& name, bool is_removed) {
    if (name.empty()) section.error(key, "a parameter has no name");
    if (is_removed && (name == "messages" || name == "model"))
      section.error(key, "\"" + name + "\" has to be sent; only parameters beside it can be changed so");
  };
  std::set<std::string> targets;
  for (const auto& [from, to] : overrides.rename) {
    check("rename", from, true);
    check("rename", to, false);
    if (!targets.insert(to).second) section.error("rename", "two parameters become \"" + to + '"');
  }
  for (const auto& name : overrides.remove) check("remove", name, true);
  for (const auto& [name, value] : overrides.set) {
    check("set", name, name == "messages");
    if (std::ranges::find(overrides.remove, name) != overrides.remove.end())
      section.error("set", '"' + name + "\" is removed and set; keep one");
  }
}

void read_overrides(YamlSection& section, modelops::RequestOverrides& overrides) {
  auto own = section.section("request_overrides");
  if (!own) return;
  own->read_texts("rename", overrides.rename);
  own->read_list("remove", overrides.remove);
  own->read_json_values("set", overrides.set);
  check_overrides(*own, overrides);
  own->finish();
}

}  // namespace

bool is_header_name(const std::string& name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string::npos;
  });
}

bool check_variable_name(YamlSection& section, const char* key, const std::string& name) {
  const bool may_be_key = modelops::looks_like_key(name);
  if (is_variable_name(name) && !may_be_key) return true;
  const std::string what = may_be_key || name.size() > 40 ? "holds what looks like a key itself"
                                                          : '"' + name + "\" is no name of a variable";
  section.error(key, what + "; name the environment variable that holds the key");
  return false;
}

void check_variable(YamlSection& section, const char* key, const std::string& name, const Environment& environment,
                    const std::string& what_fails) {
  if (!check_variable_name(section, key, name)) return;
  const auto read = modelops::read_key(name, environment);
  if (!read.ok()) {
    section.warning(key, read.error().message + "; until then " + what_fails);
  } else if (!read->note.empty()) {
    section.warning(key, read->note);
  }
}

std::string checked_url(YamlSection& section, const char* key, const std::string& given,
                        const Environment& environment) {
  const auto begin = given.find_first_not_of(" \t\r\n");
  const auto end = given.find_last_not_of(" \t\r\n");
  const std::string written = begin == std::string::npos ? "" : given.substr(begin, end - begin + 1);
  if (written.size() != given.size()) section.warning(key, "has blanks around it, which are left out");
  const auto url = modelops::fill_variables(written, environment);
  const auto parsed = url.ok() ? net::parse_url(url->text) : Result<net::Url>(url.error());
  if (!parsed.ok()) {
    section.error(key, parsed.error().message);
    return "";
  }
  const auto mark = written.find('?');
  const net::QueryParams query(mark == std::string::npos ? "" : std::string_view(written).substr(mark + 1));
  for (const auto& [name, value] : query.pairs()) {
    const bool is_filled = !modelops::variables_in(value).empty();
    if (!is_filled && (modelops::is_secret_name(name) || modelops::looks_like_key(value)))
      section.warning(key, "its query has a key in plain text (" + name + "); write it under query as " + name +
                               ": ${NAME}, and put the key into that variable");
  }
  return url->text;
}

void read_endpoint_keys(YamlSection& section, modelops::Endpoint& endpoint, const Environment& environment) {
  section.read("api_key_env", endpoint.api_key_env);
  if (!endpoint.api_key_env.empty() && section.has("api_key_env"))
    check_variable(section, "api_key_env", endpoint.api_key_env, environment, "requests to this endpoint will fail");
  section.read("api_key_header", endpoint.api_key_header);
  if (!endpoint.api_key_header.empty() && !is_header_name(endpoint.api_key_header))
    section.error("api_key_header", "is no name of a header");
  section.read_texts("headers", endpoint.headers);
  for (const auto& [name, value] : endpoint.headers) {
    if (!is_header_name(name)) section.error("headers", "\"" + name + "\" is no name of a header");
    if (std::ranges::any_of(value, [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\t'; }))
      section.error("headers", "the value of \"" + name + "\" holds a line break or another control character");
  }
  section.read_texts("query", endpoint.query);
  check_values(section, "headers", endpoint.headers, environment);
  check_values(section, "query", endpoint.query, environment);
  read_overrides(section, endpoint.overrides);
  std::size_t check = endpoint.ask_at_deploy ? 1 : 0;
  section.read_choice("deploy_check", check, {"models", "chat"});
  endpoint.ask_at_deploy = check == 1;
}

std::optional<modelops::Endpoint> read_model_endpoint(YamlSection& section, modelops::Endpoint defaults,
                                                      const Environment& environment, const ModelRole& role) {
  modelops::Endpoint endpoint = std::move(defaults);
  std::size_t type = 0;
  std::string url;
  const char* type_key = section.either("deployment_type", "type");
  section.read_choice(type_key, type, {"remote", "local"});
  section.read("url", url);
  section.read(section.either("model_name", "model_id"), endpoint.model);
  read_endpoint_keys(section, endpoint, environment);
  if (section.has("deploy_check")) section.warning("deploy_check", std::string("has no effect: ") + role.checked_by);
  for (const char* key : {"context_length", "gpus", "pvc_size", "tag", "registry_base", "nim_parallelism"})
    section.inapplicable(key, kNoContainers);
  section.finish();
  if (type == 1 && url.empty()) {
    section.warning(type_key, std::string("has no effect: ") + role.none_started);
    return std::nullopt;
  }
  if (url.empty()) {
    section.error("url", role.needs_url);
  } else {
    endpoint.url = checked_url(section, "url", url, environment);
  }
  if (endpoint.model.empty()) section.error("model_name", "is missing");
  return endpoint;
}

}  // namespace fw::app

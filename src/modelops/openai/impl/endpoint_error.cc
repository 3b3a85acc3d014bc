#include "modelops/openai/impl/endpoint_error.h"

#include <algorithm>
#include <cctype>

#include "modelops/openai/endpoint_url.h"
#include "modelops/openai/impl/refusal.h"
#include "modelops/openai/redaction.h"

namespace fw::modelops {
namespace {

bool is_page(const net::Response& response) {
  const auto start = response.body.find_first_not_of(" \t\r\n");
  return start != std::string::npos && response.body[start] == '<';
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool speaks_of_model(const net::Response& response) {
  const auto error = error_in(response);
  if (!error) return false;
  std::string text = error->message + " " + error->code;
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text.find("model") != text.npos || text.find("deployment") != text.npos ||
         text.find("endpoints found") != text.npos;
}

std::string refused_key_hint(const Endpoint& endpoint) {
  if (!endpoint.api_key_env.empty())
    return "put a valid key into the environment variable " + endpoint.api_key_env + " (api_key_env)";
  if (!endpoint.headers.empty() || !endpoint.query.empty()) return "check the key in its headers or query";
  return "it wants a key: name the environment variable that holds one as api_key_env";
}

std::string not_found_hint(const net::Response& response, const Endpoint& endpoint,
                           const std::vector<std::string>& tried) {
  if (speaks_of_model(response)) return "the model asked for is \"" + endpoint.model + "\"; check its name";
  std::string out = "nothing takes chat completions there; give url as the provider documents it";
  for (const auto& url : tried) out += (&url == &tried.front() ? " (tried before: " : ", ") + url;
  return tried.empty() ? out : out + ")";
}

std::string hint(const net::Response& response, const Endpoint& endpoint, const std::vector<std::string>& tried) {
  if (is_redirect(response.status)) {
    const auto target = response.headers.find("Location");
    return target ? "it redirects to " + shown_url(*target) + "; if that is right, make it the url"
                  : "it redirects without saying where";
  }
  switch (response.status) {
    case 401:
    case 403: return refused_key_hint(endpoint);
    case 404:
    case 405: return not_found_hint(response, endpoint, tried);
    default: return "";
  }
}

}  // namespace

bool is_elsewhere(const net::Response& response) {
  if (response.is_success()) return is_page(response);
  return (response.status == 404 || response.status == 405) && !speaks_of_model(response);
}

Error answer_error(const net::Response& response, const Endpoint& endpoint, const std::string& url,
                   const std::vector<std::string>& tried, const std::vector<std::string>& secrets) {
  if (response.is_success()) {
    return unavailable(url + " answers with a page for people instead of JSON; is the url the base of an " +
                       "OpenAI-compatible server?");
  }
  net::Response shown = response;
  if (is_page(shown)) shown.body.clear();
  Error error = net::status_error(url, shown);
  if (const auto said = error_in(shown); said && !said->passed_on.empty()) error.message += ": " + said->passed_on;
  // The address is ours; what stands behind it the server's own words, after their escapes were resolved.
  error.message = url + redact_keys(std::string_view(error.message).substr(url.size()), secrets);
  if (const auto what = hint(response, endpoint, tried); !what.empty()) error.message += "; " + what;
  return error;
}

}  // namespace fw::modelops

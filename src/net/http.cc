#include "net/http.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace fw::net {
namespace {

constexpr std::array<std::string_view, 7> kMethods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

constexpr std::size_t kUsualFields = 12;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool list_has_token(std::string_view list, std::string_view token) {
  while (true) {
    const auto comma = list.find(',');
    if (equals_ignoring_case(trim(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

Response with_type(int status, const char* type, std::string body) {
  return {.status = status, .headers = {{"Content-Type", type}}, .body = std::move(body)};
}

ErrorCode code_of_status(int status) {
  if (status == 507) return ErrorCode::kStorageFull;
  if (status >= 500) return ErrorCode::kUnavailable;
  switch (status) {
    case 401:
    case 403: return ErrorCode::kUnauthorized;
    case 404: return ErrorCode::kNotFound;
    case 408: return ErrorCode::kDeadlineExceeded;
    case 409: return ErrorCode::kAlreadyExists;
    case 413: return ErrorCode::kTooLarge;
    case 429: return ErrorCode::kResourceExhausted;
    default: return ErrorCode::kInvalidArgument;
  }
}

/// A list of problems with fields, `{loc, msg}` each, as a line for each: `limit: should be a number`. Empty: it is
/// none.
std::string problems_in(const nlohmann::json& detail) {
  constexpr std::size_t kMost = 20;
  constexpr std::size_t kLongest = 200;
  std::string out;
  if (!detail.is_array()) return out;
  const bool are_many = detail.size() > 1;
  for (std::size_t i = 0; i < std::min(detail.size(), kMost); ++i) {
    const auto& one = detail[i];
    if (!one.is_object() || !one.contains("msg") || !one["msg"].is_string()) return {};
    std::string field;
    const auto location = one.value("loc", nlohmann::json());
    if (!location.is_array()) return {};
    for (std::size_t at = location.size() > 1 ? 1 : 0; at < location.size(); ++at) {
      // The first says in which part of the request it was: what the caller knows.
      const auto& part = location[at];
      const std::string name = part.is_string() ? part.get<std::string>() : part.dump();
      field += (field.empty() ? "" : ".") + name;
    }
    const auto said = one["msg"].get<std::string>();
    out += (are_many ? "\n  " : "") + field + (field.empty() ? "" : ": ") + said.substr(0, kLongest);
  }
  return out;
}

/// What an error's body says: `detail`, `error.message` or `message` of a JSON object, else its beginning.
std::string what_the_body_says(const std::string& body) {
  constexpr std::size_t kShown = 300;
  constexpr std::size_t kParsed = 64 * 1024;
  if (body.size() <= kParsed) {
    const auto json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
    if (json.is_object()) {
      const auto text = [&](const nlohmann::json& o, const char* key) {
        return o.is_object() && o.contains(key) && o[key].is_string() ? o[key].get<std::string>() : std::string();
      };
      if (auto said = problems_in(json.value("detail", nlohmann::json())); !said.empty()) return said;
      for (auto said : {text(json, "detail"), text(json.value("error", nlohmann::json()), "message"),
                        text(json, "error"), text(json, "message")}) {
        if (!said.empty()) return said.substr(0, kShown);
      }
    }
  }
  std::string shown = body.substr(0, kShown);
  std::replace_if(shown.begin(), shown.end(), [](unsigned char c) { return c < ' '; }, ' ');
  return shown;
}

}  // namespace

std::string_view to_string(Method method) { return kMethods.at(static_cast<std::size_t>(method)); }

std::optional<Method> parse_method(std::string_view name) {
  const auto* found = std::find(kMethods.begin(), kMethods.end(), name);
  if (found == kMethods.end()) return std::nullopt;
  return static_cast<Method>(found - kMethods.begin());
}

bool is_idempotent(Method method) { return method != Method::kPost && method != Method::kPatch; }

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

void Headers::add(std::string name, std::string value) {
  if (fields_.empty()) fields_.reserve(kUsualFields);
  fields_.push_back({std::move(name), std::move(value)});
}

void Headers::set(std::string_view name, std::string value) {
  const auto first =
      std::find_if(fields_.begin(), fields_.end(), [&](const Field& f) { return equals_ignoring_case(f.name, name); });
  if (first == fields_.end()) return add(std::string(name), std::move(value));
  first->value = std::move(value);
  fields_.erase(std::remove_if(std::next(first), fields_.end(),
                               [&](const Field& f) { return equals_ignoring_case(f.name, name); }),
                fields_.end());
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [&](const Field& f) { return equals_ignoring_case(f.name, name); });
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const Field& f : fields_) {
    if (equals_ignoring_case(f.name, name)) return f.value;
  }
  return std::nullopt;
}

bool Headers::has_token(std::string_view name, std::string_view token) const {
  return std::any_of(fields_.begin(), fields_.end(), [&](const Field& f) {
    return equals_ignoring_case(f.name, name) && list_has_token(f.value, token);
  });
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 499: return "Client Closed Request";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "";
  }
}

Request json_request(Method method, std::string target, std::string json) {
  return {.method = method,
          .target = std::move(target),
          .headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}},
          .body = std::move(json)};
}

Response json_response(int status, std::string json) { return with_type(status, "application/json", std::move(json)); }

Response text_response(int status, std::string text) {
  return with_type(status, "text/plain; charset=utf-8", std::move(text));
}

Response detail_response(int status, std::string_view message) {
  nlohmann::json body;
  body["detail"] = message;
  return json_response(status, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

Response error_response(const Error& error) { return detail_response(http_status(error.code), error.message); }

Error status_error(std::string_view where, const Response& response) {
  std::string message = std::string(where) + " answered " + std::to_string(response.status);
  if (const auto phrase = reason_phrase(response.status); !phrase.empty()) message += " " + std::string(phrase);
  if (const auto said = what_the_body_says(response.body); !said.empty()) message += ": " + said;
  return {code_of_status(response.status), std::move(message)};
}

}  // namespace fw::net

#include "modelops/openai/endpoint_url.h"

#include <algorithm>
#include <cctype>

namespace fw::modelops {
namespace {

constexpr std::string_view kCompletions = "/chat/completions";
constexpr std::string_view kEmbeddings = "/embeddings";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// `v1`, `v3`, `v1beta`.
bool is_version(std::string_view segment) {
  return segment.size() >= 2 && (segment[0] == 'v' || segment[0] == 'V') && is_digit(segment[1]);
}

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    if (end > 0) out.push_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return out;
}

struct Parts {
  std::string_view base;   ///< scheme, host and path
  std::string_view path;   ///< of base
  std::string_view query;  ///< without its question mark
};

Parts split(std::string_view url) {
  url = url.substr(0, url.find('#'));
  Parts parts;
  parts.base = url.substr(0, url.find('?'));
  if (parts.base.size() < url.size()) parts.query = url.substr(parts.base.size() + 1);
  while (parts.base.ends_with('/')) parts.base.remove_suffix(1);
  const auto scheme = parts.base.find("://");
  const auto slash = parts.base.find('/', scheme == std::string_view::npos ? 0 : scheme + 3);
  if (slash != std::string_view::npos) parts.path = parts.base.substr(slash);
  return parts;
}

/// What may stand between the base and `/chat/completions`.
std::vector<std::string> infixes(const Parts& parts) {
  const auto segments = segments_of(parts.path);
  if (segments.empty()) return {"/v1", ""};
  if (is_version(segments.back()) || is_azure_deployment(parts.base)) return {""};
  return {"", "/v1"};
}

std::string joined_query(std::string_view own, const std::vector<std::pair<std::string, std::string>>& more) {
  std::string out(own);
  for (const auto& [name, value] : more) {
    out += (out.empty() ? "" : "&") + net::percent_encode(name) + "=" + net::percent_encode(value);
  }
  return out.empty() ? out : "?" + out;
}

Result<std::vector<std::string>> urls_of(std::string_view what, std::string_view url,
                                         const std::vector<std::pair<std::string, std::string>>& query) {
  if (auto parsed = net::parse_url(url); !parsed.ok()) return parsed.error();
  Parts parts = split(url);
  if (parts.base.ends_with("/models")) parts.base.remove_suffix(7), parts.path.remove_suffix(7);
  const std::string tail = joined_query(parts.query, query);
  const std::string base(parts.base);
  if (base.ends_with(what)) return std::vector{base + tail};
  std::vector<std::string> out;
  for (const auto& infix : infixes(parts)) out.push_back(base + infix + std::string(what) + tail);
  return out;
}

}  // namespace

Result<std::vector<std::string>> chat_urls(std::string_view url,
                                           const std::vector<std::pair<std::string, std::string>>& query) {
  return urls_of(kCompletions, url, query);
}

Result<std::vector<std::string>> embedding_urls(std::string_view url,
                                                const std::vector<std::pair<std::string, std::string>>& query) {
  return urls_of(kEmbeddings, url, query);
}

std::string models_url(std::string_view chat_url) {
  const Parts parts = split(chat_url);
  std::string base(parts.base);
  if (base.ends_with(kCompletions)) base.resize(base.size() - kCompletions.size());
  return base + "/models" + (parts.query.empty() ? "" : "?" + std::string(parts.query));
}

bool is_azure_deployment(std::string_view url) { return split(url).path.find("/openai/deployments/") != url.npos; }

std::string shown_url(std::string_view url) {
  std::string out(split(url).base);
  const auto scheme = out.find("://");
  if (scheme == std::string::npos) return out;
  const auto end = std::min(out.find('/', scheme + 3), out.size());
  if (const auto at = out.rfind('@', end); at != std::string::npos && at > scheme + 2 && at < end)
    out.erase(scheme + 3, at - scheme - 2);
  return out;
}

}  // namespace fw::modelops

#include "net/proxy.h"

#include <algorithm>

#include "codec/base64.h"
#include "net/http.h"

namespace fw::net {
namespace {

std::string first_set(const std::function<std::string(const std::string&)>& environment,
                      std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (auto value = environment(name); !value.empty()) return value;
  }
  return {};
}

bool is_loopback(std::string_view host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

/// `example.com`, `.example.com` and `*.example.com` all stand for the name and what is below it.
bool is_listed(std::string_view entry, std::string_view host) {
  if (entry == "*") return true;
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  if (entry.starts_with('.')) entry.remove_prefix(1);
  if (const auto colon = entry.find(':'); colon == entry.rfind(':')) entry = entry.substr(0, colon);
  if (entry.empty() || entry.size() > host.size()) return false;
  if (!equals_ignoring_case(entry, host.substr(host.size() - entry.size()))) return false;
  return entry.size() == host.size() || host[host.size() - entry.size() - 1] == '.';
}

bool is_excepted(std::string_view list, std::string_view host) {
  while (!list.empty()) {
    const auto end = std::min(list.find_first_of(", \t"), list.size());
    if (end > 0 && is_listed(list.substr(0, end), host)) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

}  // namespace

Result<Proxy> parse_proxy(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme != std::string_view::npos && !equals_ignoring_case(text.substr(0, scheme), "http")) {
    return invalid_argument("only http:// proxies are supported, not " + std::string(text.substr(0, scheme)) + "://");
  }
  std::string_view rest = scheme == std::string_view::npos ? text : text.substr(scheme + 3);
  Proxy proxy;
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    const auto user = percent_decode(rest.substr(0, at));
    if (!user) return invalid_argument("the user of the proxy has a broken escape");
    proxy.authorization = "Basic " + codec::base64_encode(*user);
    rest.remove_prefix(at + 1);
  }
  const auto url = parse_url("http://" + std::string(rest));
  // The text may hold a password: the message does not repeat it.
  if (!url.ok()) return invalid_argument("the proxy is no http URL of a host and a port");
  proxy.host = url->host;
  proxy.port = rest.find(':') == std::string_view::npos ? proxy.port : url->port;
  return proxy;
}

Result<std::optional<Proxy>> proxy_for(const Url& url,
                                       const std::function<std::string(const std::string&)>& environment) {
  if (is_loopback(url.host)) return std::optional<Proxy>();
  std::string text = url.is_tls ? first_set(environment, {"https_proxy", "HTTPS_PROXY"})
                                : first_set(environment, {"http_proxy", "HTTP_PROXY"});
  if (text.empty()) text = first_set(environment, {"all_proxy", "ALL_PROXY"});
  if (text.empty() || is_excepted(first_set(environment, {"no_proxy", "NO_PROXY"}), url.host)) {
    return std::optional<Proxy>();
  }
  FW_ASSIGN(auto proxy, parse_proxy(text));
  return std::optional<Proxy>(std::move(proxy));
}

}  // namespace fw::net

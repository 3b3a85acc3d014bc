#include "api/cross_site.h"

#include <arpa/inet.h>

#include <algorithm>

#include "net/url.h"

namespace fw::api {
namespace {

using net::equals_ignoring_case;

bool is_address(const std::string& host) {
  in6_addr place{};
  return ::inet_pton(AF_INET, host.c_str(), &place) == 1 || ::inet_pton(AF_INET6, host.c_str(), &place) == 1;
}

/// `[::1]:8000` is `::1`, `Localhost.:8000` is `localhost`.
std::string without_port(std::string_view host) {
  if (host.starts_with('[')) return std::string(host.substr(1, host.find(']') - 1));
  std::string name(host.substr(0, host.find(':')));
  if (name.ends_with('.')) name.pop_back();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return name;
}

bool changes_something(net::Method method) {
  return method != net::Method::kGet && method != net::Method::kHead && method != net::Method::kOptions;
}

Task<void> refuse(net::ResponseWriter& out, Error error) {
  (void)co_await out.send(net::detail_response(403, error.message), Deadline::never());
}

}  // namespace

CrossSiteGuard::CrossSiteGuard(const std::string& public_url) {
  if (const auto url = net::parse_url(public_url); url.ok()) {
    public_host_ = url->host;
    public_origin_ = url->origin();
  }
}

bool CrossSiteGuard::is_ours(std::string_view host) const {
  const std::string name = without_port(host);
  const bool has_no_dot = name.find('.') == std::string::npos;
  return has_no_dot || is_address(name) || name.ends_with(".localhost") || name == public_host_;
}

Status CrossSiteGuard::check(const net::IncomingRequest& request) const {
  const auto host = request.headers.find("Host").value_or("");
  if (!is_ours(host)) {
    return Error{ErrorCode::kUnauthorized,
                 "host " + std::string(host.substr(0, 100)) +
                     " is not known to this service; use its address, or set server.public_url to the url you use"};
  }
  if (!changes_something(request.method)) return {};
  const auto origin = request.headers.find("Origin");
  const bool is_own_origin = origin && (equals_ignoring_case(*origin, "http://" + std::string(host)) ||
                                        equals_ignoring_case(*origin, "https://" + std::string(host)) ||
                                        equals_ignoring_case(*origin, public_origin_));
  const auto site = request.headers.find("Sec-Fetch-Site").value_or("none");
  if (origin ? is_own_origin : site != "cross-site") return {};
  return Error{ErrorCode::kUnauthorized,
               "a page of another site may not change anything here; if it is yours, set server.public_url to its url"};
}

net::Handler CrossSiteGuard::guarded(net::Handler handler) const {
  return [this, handler = std::move(handler)](net::IncomingRequest& request, net::ResponseWriter& out) {
    if (auto allowed = check(request); !allowed.ok()) return refuse(out, std::move(allowed).error());
    return handler(request, out);
  };
}

}  // namespace fw::api

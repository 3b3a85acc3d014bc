#include "net/cross_site.h"

#include <arpa/inet.h>

#include <algorithm>

#include "net/url.h"

namespace fw::net {
namespace {

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

bool changes_something(Method method) {
  return method != Method::kGet && method != Method::kHead && method != Method::kOptions;
}

constexpr Duration kRefusalGrace = std::chrono::seconds(1);

Task<void> answer(ResponseWriter& out, std::optional<Response> refusal) {
  if (refusal) {
    (void)co_await out.send(std::move(*refusal), Deadline::after(kRefusalGrace));
  } else {
    (void)co_await out.start({.status = 403, .headers = {{"Content-Length", "1"}}}, Deadline::after(kRefusalGrace));
  }
}

}  // namespace

CrossSiteGuard::CrossSiteGuard(const std::vector<std::string>& public_urls, std::string setting)
    : setting_(std::move(setting)) {
  for (const std::string& text : public_urls) {
    const auto url = parse_url(text);
    if (!url.ok()) continue;
    hosts_.push_back(url->host);
    origins_.push_back(url->origin());
  }
}

bool CrossSiteGuard::is_ours(std::string_view host) const {
  const std::string name = without_port(host);
  const bool has_no_dot = name.find('.') == std::string::npos;
  return has_no_dot || is_address(name) || name.ends_with(".localhost") ||
         std::ranges::find(hosts_, name) != hosts_.end();
}

Status CrossSiteGuard::check(const IncomingRequest& request) const {
  const auto host = request.headers.find("Host").value_or("");
  if (!is_ours(host)) {
    return Error{ErrorCode::kUnauthorized, "host " + std::string(host.substr(0, 100)) +
                                               " is not known to this service; use its address, or set " + setting_ +
                                               " to the url you use"};
  }
  return check_origin(request);
}

Status CrossSiteGuard::check_origin(const IncomingRequest& request) const {
  if (!changes_something(request.method)) return {};
  const auto host = request.headers.find("Host").value_or("");
  const auto origin = request.headers.find("Origin");
  const auto is_origin = [&origin](const std::string& ours) { return equals_ignoring_case(*origin, ours); };
  const bool is_own_origin =
      origin && (is_origin("http://" + std::string(host)) || is_origin("https://" + std::string(host)) ||
                 std::ranges::any_of(origins_, is_origin));
  const auto site = request.headers.find("Sec-Fetch-Site").value_or("none");
  if (origin ? is_own_origin : site != "cross-site") return {};
  return Error{ErrorCode::kUnauthorized,
               "a page of another site may not change anything here; if it is yours, set " + setting_ + " to its url"};
}

Handler CrossSiteGuard::guarded(Handler handler, Refuse refuse, std::function<bool()> asks_for_key) {
  return [this, handler = std::move(handler), refuse = std::move(refuse), asks_for_key = std::move(asks_for_key)](
             IncomingRequest& request, ResponseWriter& out) {
    const Status allowed = asks_for_key && asks_for_key() ? check_origin(request) : check(request);
    if (allowed.ok()) return handler(request, out);
    ++refused_;
    return answer(out, refuse(request, allowed.error().message));
  };
}

}  // namespace fw::net

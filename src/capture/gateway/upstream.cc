#include "capture/gateway/upstream.h"

#include <algorithm>

#include "net/url.h"

namespace fw::capture {
namespace {

constexpr std::string_view kVersion = "/v1";

net::ClientOptions client_options(const UpstreamSettings& settings, const Result<std::optional<net::Proxy>>& proxy) {
  net::ClientOptions options;
  if (proxy.ok()) options.proxy = *proxy;
  options.tls = settings.tls;
  options.connect_timeout = settings.connect_timeout;
  options.read_timeout = std::max(settings.idle_timeout, settings.first_byte_timeout);
  if (settings.max_connections > 0) options.max_per_origin = settings.max_connections;
  options.max_idle_per_origin = 1024;
  return options;
}

}  // namespace

Upstream::Upstream(UpstreamSettings settings, Result<net::Headers> credentials, Result<std::optional<net::Proxy>> proxy,
                   Executor executor, std::shared_ptr<const void> lease)
    : settings_(std::move(settings)),
      credentials_(std::move(credentials)),
      proxy_(std::move(proxy)),
      base_(settings_.url),
      client_(std::move(executor), client_options(settings_, proxy_)),
      breaker_(settings_.failures_until_open, settings_.open_for),
      lease_(std::move(lease)) {
  while (base_.ends_with('/')) base_.pop_back();
  const auto url = net::parse_url(base_);
  is_bare_ = url.ok() && url->target == "/";
}

Status Upstream::readiness() const {
  if (!credentials_.ok()) return credentials_.error().within("upstream " + settings_.name);
  if (!proxy_.ok()) return proxy_.error().within("upstream " + settings_.name + ", its proxy in the environment");
  return {};
}

std::string Upstream::url_for(std::string_view target) const {
  if (!is_bare_ && target.starts_with(kVersion)) target.remove_prefix(kVersion.size());
  std::string url;
  url.reserve(base_.size() + target.size());
  return url.append(base_).append(target);
}

void remove_client_keys(net::Headers& headers) {
  for (const char* name : {"Authorization", "x-api-key", "api-key"}) headers.remove(name);
}

void Upstream::prepare(net::Headers& headers) const {
  headers.remove("Host");
  headers.remove("Expect");
  headers.remove("Proxy-Authorization");
  if (!credentials_.ok()) return;
  if (!settings_.api_key_env.empty()) remove_client_keys(headers);
  for (const auto& [name, value] : *credentials_) headers.set(name, value);
}

}  // namespace fw::capture

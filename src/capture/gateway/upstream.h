#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "capture/gateway/circuit_breaker.h"
#include "capture/gateway/settings.h"
#include "net/client.h"

namespace fw::capture {

/// Takes out the key that a client sent along for an upstream.
void remove_client_keys(net::Headers& headers);

/// One upstream at work: its connections, its key and its state.
class Upstream final {
 public:
  /// `credentials`: headers that identify us to it, or why there are none. `proxy` likewise: what its requests go
  /// through. `executor` as for net::Client. `lease` as in BroughtUpstream.
  Upstream(UpstreamSettings settings, Result<net::Headers> credentials, Result<std::optional<net::Proxy>> proxy,
           Executor executor, std::shared_ptr<const void> lease = nullptr);
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  [[nodiscard]] const UpstreamSettings& settings() const { return settings_; }
  [[nodiscard]] net::Client& client() { return client_; }
  [[nodiscard]] CircuitBreaker& breaker() { return breaker_; }
  [[nodiscard]] const CircuitBreaker& breaker() const { return breaker_; }
  [[nodiscard]] const std::shared_ptr<const void>& lease() const { return lease_; }
  /// Why nothing can be asked of it: a key that is not there.
  [[nodiscard]] Status readiness() const;

  /// Where a request with this path and query goes.
  [[nodiscard]] std::string url_for(std::string_view target) const;
  /// Makes a client's headers ours: without what ends here, with the upstream's key in the place of the client's where
  /// it has one.
  void prepare(net::Headers& headers) const;

 private:
  UpstreamSettings settings_;
  Result<net::Headers> credentials_;
  Result<std::optional<net::Proxy>> proxy_;
  std::string base_;  // without a slash at its end
  bool is_bare_ = false;
  net::Client client_;
  CircuitBreaker breaker_;
  std::shared_ptr<const void> lease_;
};

}  // namespace fw::capture

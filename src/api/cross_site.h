#pragma once

#include <string>

#include "net/server.h"

namespace fw::api {

/// Keeps web pages of other sites away from the API, which has no passwords: a browser on this machine reaches what
/// listens on loopback, whatever page it shows.
///
/// - A name that a page's owner lets point here (DNS rebinding) shows in Host. Taken are addresses, `localhost`, names
///   without a dot, which no public name server answers, and the host of `public_url`.
/// - A page's own POST shows in Origin, or in Sec-Fetch-Site: what changes something must come from our own pages.
///
/// Programs send neither and are not affected.
class CrossSiteGuard final {
 public:
  /// `public_url` may be empty.
  explicit CrossSiteGuard(const std::string& public_url);

  /// Why the request is refused, with the remedy.
  [[nodiscard]] Status check(const net::IncomingRequest& request) const;
  /// `handler` behind the guard, which must outlive it; what is refused gets 403.
  [[nodiscard]] net::Handler guarded(net::Handler handler) const;

 private:
  [[nodiscard]] bool is_ours(std::string_view host) const;

  std::string public_host_;
  std::string public_origin_;
};

}  // namespace fw::api

#pragma once

#include "api/access.h"

namespace fw::api {

/// `/api/session`: who is asking, signing in with a key, signing out. A session is a cookie that scripts cannot read
/// and other sites do not send, and a token for what changes something.
class SessionResource final {
 public:
  /// `access` outlives the router. `is_secure`: browsers reach the service by https alone.
  SessionResource(Access& access, bool is_secure) : access_(access), is_secure_(is_secure) {}
  void add_to(net::Router& router);

 private:
  Task<Result<net::Response>> show(net::Call call);
  Task<Result<net::Response>> sign_in(net::Call call);
  Task<Result<net::Response>> sign_out(net::Call call);
  [[nodiscard]] std::string cookie(std::string_view token, std::string_view more) const;

  Access& access_;
  const bool is_secure_;
};

}  // namespace fw::api

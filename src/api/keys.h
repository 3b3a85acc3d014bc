#pragma once

#include "async/pool.h"
#include "audit/audit_log.h"
#include "auth/keyring.h"
#include "net/router.h"

namespace fw::api {

/// `/api/keys`: API keys are made, listed and revoked; who did it stands in the audit log. A secret is in the answer
/// that makes it and nowhere else.
class KeysResource final {
 public:
  /// What is passed outlives the router; `audit` may be nullptr.
  KeysResource(auth::Keyring& keyring, audit::AuditLog* audit, Pool& disk)
      : keyring_(keyring), audit_(audit), disk_(disk) {}
  void add_to(net::Router& router);

 private:
  Task<Result<net::Response>> list(net::Call call);
  Task<Result<net::Response>> create(net::Call call);
  Task<Result<net::Response>> revoke(net::Call call);
  /// That it could be noted: what cannot be is not done.
  [[nodiscard]] Status check_audit() const { return audit_ == nullptr ? Status{} : audit_->check_place(); }
  [[nodiscard]] Status note(const net::Call& call, const char* action, const auth::Key& key) const;

  auth::Keyring& keyring_;
  audit::AuditLog* audit_;
  Pool& disk_;
};

}  // namespace fw::api

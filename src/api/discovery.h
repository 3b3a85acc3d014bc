#pragma once

#include "async/pool.h"
#include "audit/audit_log.h"
#include "discovery/desk.h"
#include "net/router.h"

namespace fw::api {

/// `/api/workloads/discovery`: looks into traffic that nothing names for workloads. `/api/workloads/accepted`: the
/// rules that people accepted, by which traffic is named; `.../apply` names what is stored, a slice a call.
class DiscoveryResource final {
 public:
  /// `audit` may be nullptr; what is passed outlives the router.
  DiscoveryResource(discovery::Desk& desk, audit::AuditLog* audit, Pool& disk)
      : desk_(desk), audit_(audit), disk_(disk) {}
  void add_to(net::Router& router);

 private:
  Task<Result<net::Response>> show(net::Call call);
  Task<Result<net::Response>> start(net::Call call);
  Task<Result<net::Response>> cancel(net::Call call);
  Task<Result<net::Response>> list(net::Call call);
  Task<Result<net::Response>> accept(net::Call call);
  Task<Result<net::Response>> apply(net::Call call);
  Task<Result<net::Response>> forget(net::Call call);

  [[nodiscard]] net::Response state_answer(int status) const;
  /// That it could be noted: what cannot be is not done.
  [[nodiscard]] Status check_audit() const { return audit_ == nullptr ? Status{} : audit_->check_place(); }
  [[nodiscard]] Status note(const net::Call& call, const char* action, const std::string& subject,
                            const std::string& details) const;

  discovery::Desk& desk_;
  audit::AuditLog* audit_;
  Pool& disk_;
};

}  // namespace fw::api

#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "async/pool.h"
#include "audit/audit_log.h"
#include "capture/gateway/gateway.h"
#include "net/router.h"

namespace fw::api {

/// Writes down who lets a table of routes hold, before it does: `routes.set`, with how many routes it has and its
/// digest.
[[nodiscard]] Status note_routes(audit::AuditLog& log, const capture::RouteTable& table, std::string person,
                                 std::string reason);
/// Whether the table that was written down last is another one, or there was none and this one has routes.
[[nodiscard]] bool are_new_routes(const audit::AuditLog& log, const capture::RouteTable& table);
/// The tables that held at some moment between two times, as they were written down, oldest first: `at`, `person`,
/// `reason`, `routes`, `digest`.
[[nodiscard]] nlohmann::ordered_json noted_routes(const audit::AuditLog& log, Timestamp from, Timestamp to);

/// `/api/routes`: the gateway's routes. PUT sets another table, which takes hold with the next request and is kept in a
/// file over restarts; who put it is in the audit log first. Without a gateway both answer 404.
class RoutesResource final {
 public:
  /// `gateway` and `audit` may be nullptr; what is passed outlives the router. `file`: where a table that was put is
  /// kept.
  RoutesResource(capture::Gateway* gateway, std::filesystem::path file, Pool& disk, audit::AuditLog* audit)
      : gateway_(gateway), file_(std::move(file)), disk_(disk), audit_(audit) {}
  void add_to(net::Router& router);

 private:
  Task<Result<net::Response>> get(net::Call call);
  Task<Result<net::Response>> put(net::Call call);

  capture::Gateway* gateway_;
  std::filesystem::path file_;
  Pool& disk_;
  audit::AuditLog* audit_;
};

}  // namespace fw::api

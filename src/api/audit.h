#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "async/pool.h"
#include "audit/audit_log.h"
#include "net/router.h"

namespace fw::api {

/// Entries in their order, as every resource shows them; `has_lines`: with the line of each as it stands in the file.
[[nodiscard]] nlohmann::ordered_json audit_entries_json(const std::vector<audit::Entry>& entries,
                                                        bool has_lines = false);

/// `/api/audit`: who decided what, and whether the log's chain holds (docs/formats/audit.md). `log` and `disk` outlive
/// the router.
class AuditResource final {
 public:
  AuditResource(const audit::AuditLog& log, Pool& disk) : log_(log), disk_(disk) {}
  void add_to(net::Router& router);

 private:
  Task<Result<net::Response>> list(net::Call call);
  Task<Result<net::Response>> verification(net::Call call);

  const audit::AuditLog& log_;
  Pool& disk_;
};

}  // namespace fw::api

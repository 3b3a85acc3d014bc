#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "api/access.h"
#include "async/pool.h"
#include "audit/audit_log.h"
#include "logstore/log_store.h"
#include "net/router.h"
#include "net/sse.h"
#include "runs/run_service.h"

namespace fw::api {

/// Something that pages show and that is told of by a number, another one whenever it changed.
struct LiveRevision {
  const char* kind;  ///< the event's name
  std::function<std::uint64_t()> read;
};

/// `/api/events`: says when traffic has come, when jobs or what the revisions are of have changed and when somebody
/// decided something, as server-sent events, so that a page need not ask. Each connection is first told how things
/// stand, and last that the service stops, where it does; it ends when who opened it would not be let in any more.
class LiveResource final {
 public:
  /// What is passed outlives the router; a service without an audit log passes null.
  LiveResource(runs::RunService& runs, logstore::LogStore& log, std::vector<LiveRevision> revisions,
               const audit::AuditLog* audit, StillKnown is_known, Pool& disk)
      : runs_(runs),
        log_(log),
        revisions_(std::move(revisions)),
        audit_(audit),
        is_known_(std::move(is_known)),
        disk_(disk) {}
  void add_to(net::Router& router);

 private:
  Task<void> events(net::IncomingRequest& request, net::ResponseWriter& out);
  Task<Status> tell(const net::IncomingRequest& request, net::SseWriter& out, Deadline deadline);

  runs::RunService& runs_;
  logstore::LogStore& log_;
  const std::vector<LiveRevision> revisions_;
  const audit::AuditLog* audit_;
  const StillKnown is_known_;
  Pool& disk_;
};

}  // namespace fw::api

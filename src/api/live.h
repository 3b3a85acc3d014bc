#pragma once

#include "async/pool.h"
#include "logstore/log_store.h"
#include "net/router.h"
#include "runs/run_service.h"

namespace fw::api {

/// `/api/events`: says when traffic has come and when jobs have changed, as server-sent events, so that a page need not
/// ask. Each connection is first told how things stand. What is passed outlives the router.
class LiveResource final {
 public:
  LiveResource(runs::RunService& runs, logstore::LogStore& log, Pool& disk) : runs_(runs), log_(log), disk_(disk) {}
  void add_to(net::Router& router);

 private:
  Task<void> events(net::IncomingRequest& request, net::ResponseWriter& out);
  Task<Status> tell(net::ResponseWriter& out, Deadline deadline);

  runs::RunService& runs_;
  logstore::LogStore& log_;
  Pool& disk_;
};

}  // namespace fw::api

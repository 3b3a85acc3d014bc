#pragma once

#include "api/promotions.h"
#include "async/pool.h"
#include "logstore/log_store.h"
#include "net/router.h"
#include "net/sse.h"
#include "review/reviews.h"
#include "runs/run_service.h"

namespace fw::api {

/// `/api/events`: says when traffic has come, when jobs, promotions and reviews have changed and when somebody decided
/// something, as server-sent events, so that a page need not ask. Each connection is first told how things stand, and
/// last that the service stops, where it does. What is passed outlives the router; a service without promotions passes
/// null.
class LiveResource final {
 public:
  LiveResource(runs::RunService& runs, logstore::LogStore& log, const review::Reviews& reviews,
               const PromotionsResource* promotions, Pool& disk)
      : runs_(runs), log_(log), reviews_(reviews), promotions_(promotions), disk_(disk) {}
  void add_to(net::Router& router);

 private:
  Task<void> events(net::IncomingRequest& request, net::ResponseWriter& out);
  Task<Status> tell(net::SseWriter& out, Deadline deadline);

  runs::RunService& runs_;
  logstore::LogStore& log_;
  const review::Reviews& reviews_;
  const PromotionsResource* promotions_;
  Pool& disk_;
};

}  // namespace fw::api

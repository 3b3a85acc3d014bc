#pragma once

#include "async/pool.h"
#include "base/clock.h"
#include "logstore/log_store.h"
#include "net/router.h"
#include "runs/run_service.h"
#include "traffic/statistics.h"

namespace fw::api {

/// `/api/statistics`: what the traffic of workloads adds up to, over time and by name. Reads for a bounded time and
/// says whether that was enough. What is passed outlives the router.
class StatisticsResource final {
 public:
  StatisticsResource(runs::RunService& runs, logstore::LogStore& log, Pool& disk, const Clock& clock)
      : runs_(runs), log_(log), disk_(disk), keeper_(log, clock), clock_(clock) {}
  void add_to(net::Router& router);

 private:
  Task<Result<net::Response>> get(net::Call call);

  runs::RunService& runs_;
  logstore::LogStore& log_;
  Pool& disk_;
  traffic::StatisticsKeeper keeper_;
  const Clock& clock_;
};

}  // namespace fw::api

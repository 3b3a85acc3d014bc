#pragma once

#include "async/pool.h"
#include "base/clock.h"
#include "logstore/awaitable_log_store.h"
#include "net/router.h"

namespace fw::api {

/// `/api/workloads`: what traffic there is. What is passed outlives the router.
class WorkloadsResource final {
 public:
  WorkloadsResource(logstore::LogStore& log, Pool& disk, const Clock& clock);
  void add_to(net::Router& router);

 private:
  Task<Result<net::Response>> list(net::Call call);

  logstore::LogStore& store_;
  logstore::AwaitableLogStore log_;
  const Clock& clock_;
};

}  // namespace fw::api

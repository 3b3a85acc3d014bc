#pragma once

#include "async/pool.h"
#include "logstore/awaitable_log_store.h"
#include "net/router.h"

namespace fw::api {

/// `/api/workloads`: what traffic there is. `log` and `disk` outlive the router.
class WorkloadsResource final {
 public:
  WorkloadsResource(logstore::LogStore& log, Pool& disk);
  void add_to(net::Router& router);

 private:
  Task<Result<net::Response>> list(net::Call call);

  logstore::AwaitableLogStore log_;
};

}  // namespace fw::api

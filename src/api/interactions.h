#pragma once

#include "async/pool.h"
#include "logstore/awaitable_log_store.h"
#include "net/router.h"

namespace fw::api {

/// `/api/interactions`: pages of the captured traffic itself, as log documents, the newest first. `log` and `disk`
/// outlive the router.
class InteractionsResource final {
 public:
  static constexpr std::size_t kMaxPage = 1000;

  InteractionsResource(logstore::LogStore& log, Pool& disk) : log_(log, disk) {}
  void add_to(net::Router& router);

 private:
  Task<Result<net::Response>> list(net::Call call);

  logstore::AwaitableLogStore log_;
};

}  // namespace fw::api

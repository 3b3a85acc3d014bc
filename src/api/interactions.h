#pragma once

#include "async/pool.h"
#include "logstore/arrivals.h"
#include "logstore/awaitable_log_store.h"
#include "net/router.h"

namespace fw::api {

/// `/api/interactions`: pages of the captured traffic itself, as log documents: the newest first, or what has arrived
/// after an earlier answer. What is passed outlives the router; without `arrivals` there is only the first.
class InteractionsResource final {
 public:
  static constexpr std::size_t kMaxPage = 1000;

  InteractionsResource(logstore::LogStore& log, Pool& disk, const logstore::Arrivals* arrivals)
      : log_(log, disk), arrivals_(arrivals) {}
  void add_to(net::Router& router);

 private:
  Task<Result<net::Response>> list(net::Call call);
  Task<Result<net::Response>> follow(net::Call call, std::string mark, logstore::Selection selection,
                                     std::size_t limit);

  logstore::AwaitableLogStore log_;
  const logstore::Arrivals* arrivals_;
};

}  // namespace fw::api

#pragma once

#include "async/pool.h"
#include "logstore/log_store.h"
#include "net/router.h"
#include "runs/run_service.h"

namespace fw::api {

/// `/api/jobs/{id}/comparison`: two candidates' answers to every evaluation row that both have, of one run or of two,
/// from the row files. What is passed outlives the router.
class ComparisonsResource final {
 public:
  ComparisonsResource(runs::RunService& runs, logstore::LogStore& log, Pool& disk)
      : runs_(runs), log_(log), disk_(disk) {}
  void add_to(net::Router& router);

 private:
  [[nodiscard]] Task<Result<net::Response>> compare(net::Call call);

  runs::RunService& runs_;
  logstore::LogStore& log_;
  Pool& disk_;
};

}  // namespace fw::api

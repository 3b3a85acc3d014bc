#pragma once

#include "api/erasure_traces.h"
#include "async/pool.h"
#include "audit/audit_log.h"
#include "logstore/log_store.h"
#include "net/router.h"
#include "promotion/promotions.h"
#include "runs/run_service.h"

namespace fw::api {

/// `POST /api/log/erasures`: whose records are to go out of the log store for good. Says how many they are, and which
/// runs, models and promotions were made of them; unless `dry_run` is set to false, that is all. Then it writes who
/// erased how many, and what holds rows of them, into the audit log, and deletes them with what is told of them
/// elsewhere (ErasureTraces). `GET`: what was erased, and which of these runs are still there. `GET
/// /api/traffic/{id}/lineage`: the runs that were made of one record. `GET /api/jobs/{id}/datasets/erased`: of a run
/// whose rows an erasure names, the records that are no longer in the log. What is passed outlives the router.
class ErasuresResource final {
 public:
  ErasuresResource(runs::RunService& runs, logstore::LogStore& log, audit::AuditLog& audit,
                   promotion::Promotions& promotions, ErasureTraces traces, Pool& disk)
      : runs_(runs), log_(log), audit_(audit), promotions_(promotions), traces_(traces), disk_(disk) {}
  void add_to(net::Router& router);

 private:
  Task<Result<net::Response>> erase(net::Call call);
  Task<Result<net::Response>> list(net::Call call);
  Task<Result<net::Response>> lineage(net::Call call);
  Task<Result<net::Response>> erased_of_job(net::Call call);

  runs::RunService& runs_;
  logstore::LogStore& log_;
  audit::AuditLog& audit_;
  promotion::Promotions& promotions_;
  ErasureTraces traces_;
  Pool& disk_;
};

}  // namespace fw::api

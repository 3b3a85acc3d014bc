#pragma once

#include <set>
#include <string>
#include <vector>

#include "async/pool.h"
#include "logstore/log_store.h"
#include "net/router.h"
#include "runs/run_service.h"

namespace fw::api {

/// Those of the records that the log still has. Blocks.
[[nodiscard]] Result<std::set<std::string>> still_logged(logstore::LogStore& log,
                                                         const std::vector<record::RecordId>& ids);

/// `/api/jobs/{id}/report/gone`: whose records of a report's rows are no longer in the log, since the report itself
/// stays as it was written. What is passed outlives the router.
class ReportRowsResource final {
 public:
  ReportRowsResource(runs::RunService& runs, logstore::LogStore& log, Pool& disk)
      : runs_(runs), log_(log), disk_(disk) {}
  void add_to(net::Router& router);

 private:
  [[nodiscard]] Task<Result<net::Response>> gone(net::Call call);

  runs::RunService& runs_;
  logstore::LogStore& log_;
  Pool& disk_;
};

}  // namespace fw::api

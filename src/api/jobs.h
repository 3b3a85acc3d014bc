#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/access.h"
#include "async/pool.h"
#include "dataset/settings.h"
#include "logstore/awaitable_log_store.h"
#include "net/router.h"
#include "runs/run_service.h"

namespace fw::api {

/// Lays a `data_split_config` object (JSON text, known keys only) over settings.
using SplitOverrides =
    std::function<Result<dataset::SplitSettings>(const std::string& json, const dataset::SplitSettings& base)>;

/// `/api/jobs`: the blueprint's job API, and beside it each job's events, report, webhook deliveries and engines' logs.
/// Everything named outlives the router.
class JobsResource final {
 public:
  JobsResource(runs::RunService& runs, logstore::LogStore& log, Pool& disk, SplitOverrides overrides,
               std::function<std::vector<std::string>()> warnings = {},
               std::function<Status(const runs::JobId&)> check_unused = {}, StillKnown is_known = {});
  void add_to(net::Router& router);

 private:
  Task<Result<net::Response>> create(net::Call call);
  Task<Result<net::Response>> list(net::Call call);
  Task<Result<net::Response>> detail(net::Call call);
  Task<Result<net::Response>> cancel(net::Call call);
  Task<Result<net::Response>> remove(net::Call call);
  Task<Result<net::Response>> report(net::Call call);
  Task<Result<net::Response>> report_page(net::Call call);
  Task<Result<net::Response>> deliveries(net::Call call);
  Task<Result<net::Response>> engine_log(net::Call call);
  Task<void> events(net::IncomingRequest& request, net::PathParams params, net::ResponseWriter& out);

  /// Whether a job over this traffic can come to anything: there are candidates, and there is traffic.
  [[nodiscard]] Task<Status> check_possible(runs::JobRequest request, Deadline deadline);
  /// What a person should mend before an unfinished job ends, first why it does not begin.
  [[nodiscard]] std::vector<std::string> warnings_of(const runs::Job& job) const;

  runs::RunService& runs_;
  logstore::AwaitableLogStore log_;
  SplitOverrides overrides_;
  std::function<std::vector<std::string>()> warnings_;
  std::function<Status(const runs::JobId&)> check_unused_;  ///< before a job is removed
  StillKnown is_known_;                                     ///< while a job's events go out; absent: everybody is
};

}  // namespace fw::api

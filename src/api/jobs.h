#pragma once

#include <functional>
#include <string>

#include "dataset/settings.h"
#include "net/router.h"
#include "runs/run_service.h"

namespace fw::api {

/// Lays the `data_split_config` object of a request (JSON text) over the configured settings.
using SplitOverrides =
    std::function<Result<dataset::SplitSettings>(const std::string& json, const dataset::SplitSettings& base)>;

/// `/api/jobs`: the blueprint's job API, and beside it each job's events, report and webhook deliveries. `runs`
/// outlives the router.
class JobsResource final {
 public:
  JobsResource(runs::RunService& runs, SplitOverrides overrides);
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
  Task<void> events(net::IncomingRequest& request, net::PathParams params, net::ResponseWriter& out);

  runs::RunService& runs_;
  SplitOverrides overrides_;
};

}  // namespace fw::api

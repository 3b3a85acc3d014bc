#pragma once

#include "net/router.h"
#include "runs/run_service.h"

namespace fw::api {

/// `/`: what a person sees who opens the service's address in a browser: what this is, where the API and the metrics
/// are, the latest jobs with their reports. `runs` outlives the router.
class HomeResource final {
 public:
  explicit HomeResource(runs::RunService& runs) : runs_(runs) {}
  void add_to(net::Router& router);

 private:
  Task<Result<net::Response>> page(net::Call call);

  runs::RunService& runs_;
};

}  // namespace fw::api

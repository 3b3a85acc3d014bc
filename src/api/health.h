#pragma once

#include <functional>

#include "api/face_report.h"
#include "net/router.h"

namespace fw::api {

/// `/healthz`: this process answers. `/readyz`: it can do its work, with the ways in and why one of them stays shut, or
/// 503 with what it lacks.
class HealthResource final {
 public:
  /// `readiness` is called from any thread and must not block.
  HealthResource(std::function<Status()> readiness, FaceReports faces);
  void add_to(net::Router& router);

 private:
  [[nodiscard]] Task<Result<net::Response>> ready(net::Call call);

  std::function<Status()> readiness_;
  FaceReports faces_;
};

}  // namespace fw::api

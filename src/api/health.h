#pragma once

#include <functional>

#include "net/router.h"

namespace fw::api {

/// `/healthz`: this process answers. `/readyz`: it can do its work, or 503 with what it lacks.
class HealthResource final {
 public:
  /// `readiness` is called from any thread and must not block.
  explicit HealthResource(std::function<Status()> readiness);
  void add_to(net::Router& router);

 private:
  std::function<Status()> readiness_;
};

}  // namespace fw::api

#pragma once

#include <filesystem>

#include "async/pool.h"
#include "capture/gateway/gateway.h"
#include "net/router.h"

namespace fw::api {

/// `/api/routes`: the gateway's routes. PUT sets another table, which takes hold with the next request and is kept in a
/// file over restarts. Without a gateway both answer 404.
class RoutesResource final {
 public:
  /// `gateway` may be nullptr; what is passed outlives the router. `file`: where a table that was put is kept.
  RoutesResource(capture::Gateway* gateway, std::filesystem::path file, Pool& disk)
      : gateway_(gateway), file_(std::move(file)), disk_(disk) {}
  void add_to(net::Router& router);

 private:
  Task<Result<net::Response>> get(net::Call call);
  Task<Result<net::Response>> put(net::Call call);

  capture::Gateway* gateway_;
  std::filesystem::path file_;
  Pool& disk_;
};

}  // namespace fw::api

#pragma once

#include <atomic>
#include <cstddef>
#include <nlohmann/json_fwd.hpp>

#include "async/pool.h"
#include "logstore/log_store.h"
#include "net/router.h"

namespace fw::api {

/// `checked`, `records`, `bytes`, `expired`, `workloads`, `faults` (how often by name), `first_faults`.
[[nodiscard]] nlohmann::ordered_json verified_json(const logstore::Verified& verified);

/// `GET /api/log/verification`: checks the whole log store, one check at a time. JSON lines: once a second how far it
/// is (`records`), at the end all of verified_json() with `is_done`, or a `detail` where it could not go on. What is
/// passed outlives the router.
class LogVerificationResource final {
 public:
  LogVerificationResource(logstore::LogStore& log, Pool& disk) : log_(log), disk_(disk) {}
  void add_to(net::Router& router);

 private:
  Task<void> send(net::IncomingRequest& request, net::ResponseWriter& out);

  logstore::LogStore& log_;
  Pool& disk_;
  std::atomic<std::size_t> checks_{0};
};

}  // namespace fw::api

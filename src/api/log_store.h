#pragma once

#include <filesystem>
#include <string>

#include "async/pool.h"
#include "base/clock.h"
#include "logstore/log_store.h"
#include "net/router.h"

namespace fw::api {

/// `GET /api/log/stats`: how many records there are by workload, client, way in and ending, how many more wait for a
/// store elsewhere, and how many documents of it are no records. `POST /api/log/backups`: a
/// copy of the log store as it is, made in a new folder below `backups`; the caller may move it away. What is passed
/// outlives the router.
class LogStoreResource final {
 public:
  LogStoreResource(logstore::LogStore& log, Pool& disk, const Clock& clock, std::filesystem::path backups);
  void add_to(net::Router& router);

 private:
  Task<Result<net::Response>> stats(net::Call call);
  Task<Result<net::Response>> back_up(net::Call call);

  logstore::LogStore& log_;
  Pool& disk_;
  const Clock& clock_;
  const std::filesystem::path backups_;
};

}  // namespace fw::api

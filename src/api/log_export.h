#pragma once

#include <atomic>
#include <cstddef>

#include "async/pool.h"
#include "logstore/log_store.h"
#include "net/router.h"

namespace fw::api {

/// `GET /api/log/export`: the records that `GET /api/traffic` would find, as log documents, one a line, the oldest
/// first, as they are when it begins. Of any length in bounded memory; an answer that breaks off was not whole. What is
/// passed outlives the router.
class LogExportResource final {
 public:
  static constexpr std::size_t kMostExports = 8;  ///< at a time; more are answered 503

  LogExportResource(logstore::LogStore& log, Pool& disk) : log_(log), disk_(disk) {}
  void add_to(net::Router& router);

 private:
  Task<void> send(net::IncomingRequest& request, net::ResponseWriter& out);

  logstore::LogStore& log_;
  Pool& disk_;
  std::atomic<std::size_t> exports_{0};
};

}  // namespace fw::api

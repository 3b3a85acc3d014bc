#pragma once

#include "async/pool.h"
#include "base/clock.h"
#include "logstore/log_store.h"
#include "net/router.h"

namespace fw::api {

/// `/api/traffic`: interactions as a person looks for them, newest first; one of them whole; its request and response
/// byte for byte. What is passed outlives the router.
class TrafficResource final {
 public:
  TrafficResource(logstore::LogStore& log, Pool& disk, const Clock& clock) : log_(log), disk_(disk), clock_(clock) {}
  void add_to(net::Router& router);

 private:
  Task<Result<net::Response>> list(net::Call call);
  Task<Result<net::Response>> one(net::Call call);
  Task<Result<net::Response>> bytes_of(net::Call call, std::string record::Interaction::* part);
  [[nodiscard]] Result<record::Interaction> find(const std::string& id);

  logstore::LogStore& log_;
  Pool& disk_;
  const Clock& clock_;
};

}  // namespace fw::api

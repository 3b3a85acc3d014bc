#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "api/records.h"
#include "async/pool.h"
#include "base/clock.h"
#include "logstore/log_store.h"
#include "net/router.h"
#include "runs/run_service.h"

namespace fw::api {

/// Counts answers by the hundreds of their status, and the time they took. Lock-free; any thread.
class HttpCounters final {
 public:
  void count(int status, Duration took);

  [[nodiscard]] std::uint64_t answers(int hundreds) const;
  [[nodiscard]] double seconds() const;

 private:
  std::array<std::atomic<std::uint64_t>, 6> by_class_{};  // 0: statuses that are none
  std::atomic<std::uint64_t> nanoseconds_{0};
};

/// `/metrics` in the Prometheus text format (0.0.4). What is passed outlives the router.
class MetricsResource final {
 public:
  MetricsResource(runs::RunService& runs, logstore::LogStore& log, Pool& disk, const Clock& clock,
                  const HttpCounters& http, const RecordsResource& records,
                  std::vector<std::function<void(std::ostream&)>> more);
  void add_to(net::Router& router);

 private:
  Task<Result<net::Response>> scrape(net::Call call);

  runs::RunService& runs_;
  logstore::LogStore& log_;
  Pool& disk_;
  const Clock& clock_;
  const HttpCounters& http_;
  const RecordsResource& records_;
  std::vector<std::function<void(std::ostream&)>> more_;
  Instant started_;
};

}  // namespace fw::api

#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/jobs.h"
#include "api/metrics.h"
#include "async/pool.h"
#include "base/clock.h"
#include "capture/quarantine.h"
#include "logstore/log_store.h"
#include "net/router.h"
#include "review/opener.h"
#include "review/reviews.h"
#include "runs/run_service.h"

namespace fw::api {

/// What the resources work with. Everything outlives the API.
struct ApiDependencies {
  runs::RunService& runs;
  logstore::LogStore& log;
  capture::Quarantine& quarantine;
  review::Reviews& reviews;
  review::ReviewOpener& review_opener;
  Pool& disk;
  Pool& load;  ///< for uploads alone: one takes a thread for seconds, and nothing else waits for it
  const Clock& clock;
  std::filesystem::path uploads;  ///< an existing folder for bodies while they are loaded
  SplitOverrides split_overrides;
  std::function<Status()> readiness;
  /// What a person should know of a job that has not ended, in sentences; may be empty.
  std::function<std::vector<std::string>()> warnings;
  std::uint64_t max_body_bytes = 16ULL << 20;    ///< of a request that is read whole; uploads have no limit
  std::string public_url{};                      ///< how others reach the API, if not by address; may be empty
  std::function<std::string()> configuration{};  ///< the JSON of `/api/configuration`
};

/// All resources of the control API behind one handler. Must outlive the server that calls it.
class Api final {
 public:
  explicit Api(ApiDependencies dependencies);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  [[nodiscard]] net::Handler handler();
  /// For ServerOptions::observe: counts every answer for `/metrics`, rejections by the server itself too.
  [[nodiscard]] std::function<void(const net::Exchange&)> observer();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::api

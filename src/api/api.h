#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "api/health.h"
#include "api/jobs.h"
#include "api/metrics.h"
#include "api/promotions.h"
#include "api/records.h"
#include "async/pool.h"
#include "auth/keyring.h"
#include "auth/settings.h"
#include "base/clock.h"
#include "capture/gateway/gateway.h"
#include "capture/quarantine.h"
#include "capture/redaction/redactor.h"
#include "discovery/desk.h"
#include "logstore/arrivals.h"
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
  const capture::Redactor& redactor;
  review::Reviews& reviews;
  review::ReviewOpener& review_opener;
  Pool& disk;  ///< for reads of the stores, and uploads on their way to the disk; what finds it full gets 503
  Pool& load;  ///< for uploads alone: one takes a thread for seconds, and nothing else waits for it
  const Clock& clock;
  std::filesystem::path uploads;  ///< an existing folder for bodies while they are loaded
  SplitOverrides split_overrides;
  std::function<Status()> readiness;
  /// What a person should know of a job that has not ended, in sentences; may be empty.
  std::function<std::vector<std::string>()> warnings;
  std::uint64_t max_body_bytes = 16ULL << 20;  ///< of a request that is read whole; uploads have no limit
  std::string public_url{};                    ///< how others reach the API, if not by address; may be empty
  UploadRoom upload_room{};
  capture::Gateway* gateway = nullptr;                      ///< where there is one
  std::filesystem::path routes_file{};                      ///< keeps the gateway's routes that were put
  std::function<std::vector<ListenerState>()> listeners{};  ///< beside this API
  std::optional<PromotionParts> promotion{};                ///< absent: nothing can be promoted here
  /// More lines for `/metrics`; must not block. The last ends with the metric of auth::Guard, which goes on with this
  /// API's own.
  std::vector<std::function<void(std::ostream&)>> metrics{};
  std::filesystem::path backups{};               ///< for copies of the log store
  std::function<std::string()> configuration{};  ///< the JSON of `/api/configuration`
  auth::Keyring* keyring = nullptr;              ///< absent: everybody may do everything
  auth::Settings auth{};
  bool is_secure = false;                        ///< browsers reach the API by https alone
  discovery::Desk* discovery = nullptr;          ///< absent: traffic is not looked into for workloads
  const logstore::Arrivals* arrivals = nullptr;  ///< absent: traffic cannot be followed as it comes in
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

#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include "async/pool.h"
#include "base/clock.h"
#include "capture/quarantine.h"
#include "capture/redaction/redactor.h"
#include "logstore/log_store.h"
#include "net/router.h"

namespace fw::api {

[[nodiscard]] std::filesystem::space_info space_of(const std::filesystem::path& folder);

/// What uploads may take of the disk.
struct UploadRoom {
  std::uint64_t reserve = 256ULL << 20;  ///< bytes that are left to the stores
  /// How full the disk of a folder is. Called from threads of the `disk` pool.
  std::function<std::filesystem::space_info(const std::filesystem::path&)> space = space_of;
};

/// `POST /api/records`: new traffic out of a body of any size, in any form that capture::Loader reads. The body is
/// first written to the upload folder (the loader reads blocking, the network does not wait for it), sealed with a key
/// that is nowhere but in memory, since nothing is to reach a disk before it was redacted; then loaded and removed. One
/// that would leave less than the reserve of the disk is broken off with 507. At most kMostLoads at a time,
/// the others get 503 and when to come again. `GET /api/quarantine`: the lines that were kept aside. What is passed
/// outlives the router.
class RecordsResource final {
 public:
  static constexpr int kMostLoads = 32;  ///< received, waiting for the `load` pool or in it

  RecordsResource(logstore::LogStore& log, capture::Quarantine& quarantine, const capture::Redactor& redactor,
                  Pool& disk, Pool& load, const Clock& clock, std::filesystem::path uploads, UploadRoom room);
  void add_to(net::Router& router);
  [[nodiscard]] int loads() const { return loads_; }
  /// How full the disk is, once less than twice the room that uploads leave is free: before anything is refused.
  [[nodiscard]] std::optional<std::filesystem::space_info> running_out() const;

 private:
  Task<void> load(net::IncomingRequest& request, net::ResponseWriter& out);
  Task<net::Response> loaded(net::IncomingRequest& request);
  Task<Result<net::Response>> quarantined(net::Call call);

  logstore::LogStore& log_;
  capture::Quarantine& quarantine_;
  const capture::Redactor& redactor_;
  Pool& disk_;
  Pool& load_;
  const Clock& clock_;
  std::filesystem::path uploads_;
  const UploadRoom room_;
  std::atomic<int> loads_ = 0;
};

}  // namespace fw::api

#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <vector>

#include "capture/committer/committer.h"
#include "capture/gateway/gateway_counters.h"
#include "capture/gateway/route_table.h"
#include "capture/gateway/settings.h"
#include "net/server.h"

namespace fw::capture {

/// Looks at a record before anything of it reaches a disk, and may change it. An error keeps it out of the log; the
/// exchange itself has gone by untouched.
using CaptureFilter = std::function<Status(record::Interaction&)>;

/// What the gateway works with; everything outlives it.
struct GatewayDependencies {
  Executor executor;
  Committer& committer;
  const Clock& clock;
  /// The headers that identify us to an upstream, with its key from the environment.
  std::function<Result<net::Headers>(const UpstreamSettings&)> credentials;
  /// Reads a variable of the environment, for proxies; may be empty.
  std::function<std::string(const std::string&)> environment{};
  std::vector<CaptureFilter> filters{};
  /// Told of every request that a promoted model was asked, by the loop that served it: whether it gave a whole answer
  /// without an error. A client that left early tells nothing. May be empty.
  std::function<void(const std::string& promotion, bool is_error)> on_promoted{};
};

/// An OpenAI-compatible front: hands every request under `/v1` on to an upstream, passes the answer on byte for byte
/// and piece by piece as it comes, and keeps completions as interactions.
///
/// One exchange runs on one loop from end to end. Any thread may call the members.
class Gateway final {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Gateway>> make(GatewaySettings settings,
                                                             GatewayDependencies dependencies);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  [[nodiscard]] net::Handler handler();
  [[nodiscard]] std::shared_ptr<const RouteTable> routes() const;
  /// Another table for the requests that come from now on; those under way keep theirs. kInvalidArgument as
  /// RouteTable::make.
  [[nodiscard]] Status set_routes(std::vector<Route> routes);

  /// The promoted models for the requests that come from now on; errors as set_routes.
  [[nodiscard]] Status set_promoted(std::vector<Promoted> promoted);

  [[nodiscard]] const GatewaySettings& settings() const;
  [[nodiscard]] const GatewayCounters& counters() const;
  /// What keeps it from doing its work: keys that are missing, records that are being lost.
  [[nodiscard]] Status readiness() const;
  void write_metrics(std::ostream& out) const;

 private:
  struct Impl;
  explicit Gateway(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::capture

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "auth/caller.h"
#include "capture/committer/committer.h"
#include "capture/gateway/gateway_counters.h"
#include "capture/gateway/route_table.h"
#include "capture/gateway/settings.h"
#include "net/server.h"

namespace fw::capture {

/// Looks at a record before anything of it reaches a disk, and may change it. An error keeps it out of the log; the
/// exchange itself has gone by untouched.
using CaptureFilter = std::function<Status(record::Interaction&)>;

/// What a promoted model gave for a request of a client.
struct PromotedAnswer {
  std::string promotion;
  bool is_error = false;  ///< no whole answer without an error: the next one was asked, or the answer broke off
  /// The exchange as it went by, before any filter; nothing where there is none to be read.
  std::optional<record::Interaction> exchange;
};

/// One request as both sides answered it, before any filter: nothing of it may be stored. Where the side that got the
/// copy gave no whole answer, the ending of its exchange says so.
struct ShadowedPair {
  std::string promotion;
  record::Interaction candidate;
  record::Interaction other;         ///< production, or the live model that a canary stands beside
  bool was_candidate_copied = true;  ///< the client had the other one's answer
};

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
  /// Told of every request that a promoted model was asked, by the loop that served it. A client that left early tells
  /// nothing. May be empty.
  std::function<void(PromotedAnswer)> on_promoted{};
  /// Told of every copy that was answered, or was not, from a loop. May be empty.
  std::function<void(ShadowedPair)> on_pair{};
  /// Answers `POST /v1/feedback`, by its body and who sent it. Empty: such a request goes to the upstream as any other.
  std::function<Task<net::Response>(std::string, auth::Caller)> on_feedback{};
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

  /// The promoted models for the requests that come from now on. Returns those that no request can be led to: the
  /// others, and the end of those that are no longer there, take hold all the same.
  [[nodiscard]] Result<std::vector<Unrouted>> set_promoted(std::vector<Promoted> promoted);

  /// The record of an exchange by the id that its answer bore (`chatcmpl-...`): of the last 50,000 that are kept.
  [[nodiscard]] std::optional<record::RecordId> record_of(std::string_view answer_id) const;

  [[nodiscard]] const GatewaySettings& settings() const;
  [[nodiscard]] const GatewayCounters& counters() const;
  /// What keeps it from doing its work: keys that are missing, records that are being lost, an upstream that fails.
  [[nodiscard]] Status readiness() const;
  void write_metrics(std::ostream& out) const;

 private:
  struct Impl;
  explicit Gateway(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::capture

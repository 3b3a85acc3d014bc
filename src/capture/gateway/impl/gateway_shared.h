#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "capture/gateway/gateway.h"
#include "capture/gateway/impl/recent_answers.h"
#include "capture/gateway/impl/shadow_sender.h"
#include "capture/gateway/impl/workbench.h"
#include "capture/gateway/upstream.h"
#include "net/body_budget.h"

namespace fw::capture {

/// How requests find their way: the table, and the upstreams that it leads to. Immutable, as the table is: an exchange
/// holds the one that it began with, and with it the upstreams that it may ask.
struct Routing {
  using Upstreams = std::map<std::string, std::shared_ptr<Upstream>, std::less<>>;

  std::shared_ptr<const RouteTable> table;
  Upstreams upstreams;  ///< by name: the gateway's own, and those that promoted models brought

  /// One that the table names.
  [[nodiscard]] const std::shared_ptr<Upstream>& upstream(std::string_view name) const {
    return upstreams.find(name)->second;
  }
};

/// What all exchanges of a gateway share. Any thread.
struct GatewayShared {
  GatewayShared(GatewaySettings s, GatewayDependencies d);

  /// The routing for the requests that come from now on; an upstream that is there already goes on.
  void route_by(std::shared_ptr<const RouteTable> table);
  /// Gives a record to the committer; says so, now and then, when it is lost.
  /// `tenant`: whose share of the committer's queue it takes.
  void keep(record::Interaction&& interaction, const std::string& tenant);
  /// Returns when the record is on disk, or cannot be: whether its answer may go out.
  [[nodiscard]] Task<bool> keep_durably(record::Interaction interaction, std::string tenant);
  /// Runs the filters; false when one keeps it out.
  [[nodiscard]] bool filtered(record::Interaction& interaction);
  void count_loss(Kept why, std::string_view reason);

  GatewaySettings settings;
  GatewayDependencies with;
  Routing::Upstreams own_upstreams;  ///< the settings'
  std::atomic<std::shared_ptr<const Routing>> routing{std::make_shared<const Routing>()};
  Workbenches benches;
  GatewayCounters counters;
  net::BodyBudget bodies;
  std::atomic<std::int64_t> lost_at{0};  ///< steady nanoseconds of the last loss; 0: none
  RecentAnswers recent;
  ShadowSender shadows;
};

}  // namespace fw::capture

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

namespace fw::capture {

/// What all exchanges of a gateway share. Any thread.
struct GatewayShared {
  GatewayShared(GatewaySettings s, GatewayDependencies d);

  [[nodiscard]] Upstream& upstream(std::string_view name) const { return *by_name.find(name)->second; }
  /// Gives a record to the committer; says so, now and then, when it is lost.
  void keep(record::Interaction interaction);
  [[nodiscard]] Task<void> keep_durably(record::Interaction interaction);
  /// Runs the filters; false when one keeps it out.
  [[nodiscard]] bool filtered(record::Interaction& interaction);
  void count_loss(Kept why, std::string_view reason);

  GatewaySettings settings;
  GatewayDependencies with;
  std::vector<std::unique_ptr<Upstream>> upstreams;
  std::map<std::string, Upstream*, std::less<>> by_name;
  std::atomic<std::shared_ptr<const RouteTable>> table;
  Workbenches benches;
  GatewayCounters counters;
  bool looks_at_system = false;
  std::atomic<std::int64_t> lost_at{0};  ///< steady nanoseconds of the last loss; 0: none
  RecentAnswers recent;
  ShadowSender shadows;
};

}  // namespace fw::capture

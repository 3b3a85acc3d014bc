#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "promotion/gates.h"
#include "promotion/proposal.h"

namespace fw::promotion {

/// What a canary's answers ask for.
struct Decision {
  Action action = Action::kRollBack;
  std::string reason;
};

/// How far a canary is.
struct CanaryProgress {
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  std::uint64_t missing = 0;  ///< requests until the next step
};

/// Holds the canaries and live models against the gates, and says when one is to be rolled back, or has shown enough
/// for the next step. Going live is left to people. What it has seen is not kept over a restart: then a step needs its
/// requests anew. Any thread; an observation costs a lock and some arithmetic.
class CanaryWatch final {
 public:
  CanaryWatch(GateLimits limits, std::vector<double> steps) : limits_(limits), steps_(std::move(steps)) {}

  /// All that touches traffic, after every step: what is new begins without a history.
  void set(const std::vector<Proposal>& on_traffic);

  /// A decision at most once for every step of a proposal; nothing for one that is not on traffic.
  [[nodiscard]] std::optional<Decision> observe(const std::string& id, const Observation& seen);

  [[nodiscard]] std::optional<CanaryProgress> progress(const std::string& id) const;

 private:
  struct Watched {
    Stage stage;
    std::size_t step;
    Gates gates;
    bool is_decided = false;
  };

  GateLimits limits_;
  std::vector<double> steps_;
  mutable std::mutex mutex_;  // guards watched_
  std::map<std::string, Watched, std::less<>> watched_;
};

}  // namespace fw::promotion

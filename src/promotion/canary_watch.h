#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "promotion/gates.h"
#include "promotion/proposal.h"

namespace fw::promotion {

/// What a promoted model's answers ask for.
struct Decision {
  Action action = Action::kRollBack;
  std::string reason;
  std::uint64_t revision = 0;  ///< Proposal::revision that it was made from
};

/// One gate as it stands.
struct GateFigures {
  Gate gate = Gate::kErrors;
  std::uint64_t count = 0;
  double mean = 0;
  double limit = 0;
  bool is_failed = false;
};

/// How far a promoted model is.
struct CanaryProgress {
  std::uint64_t requests = 0;      ///< of clients
  std::uint64_t errors = 0;        ///< copies included
  std::uint64_t missing = 0;       ///< requests until the next step
  std::vector<GateFigures> gates;  ///< those that are on
};

/// As API and audit log have it.
[[nodiscard]] std::string to_json(const CanaryProgress& progress);

/// What was counted, by proposal.
using Counts = std::map<std::string, Gates::State, std::less<>>;
/// docs/formats/promotion.md.
[[nodiscard]] std::string to_json(const Counts& counts);
/// What cannot be read is left out.
[[nodiscard]] Counts counts_of(std::string_view json);

/// Holds what is on traffic against the gates, and says when one is to be rolled back, or has shown enough for the next
/// step. Going live is left to people. Any thread; an observation costs a lock and some arithmetic.
class CanaryWatch final {
 public:
  /// Goes on from `counts` for the proposals that they name.
  CanaryWatch(GateLimits limits, std::vector<double> steps, Counts counts = {})
      : limits_(limits), steps_(std::move(steps)), earlier_(std::move(counts)) {}

  /// All that touches traffic, after every step: what is new begins without a history.
  void set(const std::vector<Proposal>& on_traffic);

  /// A decision at most once for every step of a proposal; nothing for one that is not on traffic.
  [[nodiscard]] std::optional<Decision> observe(const std::string& id, const Observation& seen);

  [[nodiscard]] std::optional<CanaryProgress> progress(const std::string& id) const;
  [[nodiscard]] Counts counts() const;
  [[nodiscard]] const GateLimits& limits() const { return limits_; }

 private:
  struct Watched {
    Stage stage;
    double share;
    std::uint64_t revision;
    Gates gates;
    bool is_decided = false;
  };

  /// Requests until the next share; nothing where there is none.
  [[nodiscard]] std::optional<std::uint64_t> missing(const Watched& watched) const;

  GateLimits limits_;
  std::vector<double> steps_;
  mutable std::mutex mutex_;  // guards the rest
  Counts earlier_;
  std::map<std::string, Watched, std::less<>> watched_;
};

}  // namespace fw::promotion

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "discovery/accepted_rules.h"
#include "discovery/discover.h"

namespace fw::discovery {

/// The looking for workloads of a service: one at a time, the last one's outcome kept in memory, and what people accept
/// of it. Any thread; start() and stop() do not wait for the search.
class Desk final {
 public:
  /// Both outlive it.
  Desk(logstore::LogStore& log, AcceptedRules& rules) : log_(log), rules_(rules) {}
  ~Desk();
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  struct Request {
    record::WorkloadId source;  ///< whose records are looked at
    std::optional<record::ClientId> client;
    LearnerSettings settings;
  };
  enum class Phase : std::uint8_t { kNone, kRunning, kDone, kFailed, kCancelled };
  struct State {
    Phase phase = Phase::kNone;
    std::string source;
    std::uint64_t records = 0;  ///< that there are to look at; known soon after the start
    DiscoveryProgress progress;
    std::optional<Discovery> found;  ///< of kDone
    std::string error;               ///< of kFailed
  };

  /// kFailedPrecondition while one is under way.
  [[nodiscard]] Status start(Request request);
  void stop();
  [[nodiscard]] std::shared_ptr<const State> state() const;

  /// Another number whenever a search has begun or ended, what it found has changed, or the rules have; not for each
  /// step that a search comes further.
  [[nodiscard]] std::uint64_t revision() const { return revision_ + rules_.revision(); }

  /// The last search keeps its proposals, without what was said in the traffic.
  void forget_contents();

  /// Puts the rules of proposals of the last search into force, under `as` where that is given. Stored records stay
  /// where they are until relabel_some(). kNotFound names what was not proposed.
  [[nodiscard]] Result<std::vector<capture::LabelRule>> accept(const std::vector<std::string>& names,
                                                               const std::string& as);
  [[nodiscard]] AcceptedRules& rules() { return rules_; }
  [[nodiscard]] logstore::LogStore& log() { return log_; }

 private:
  void run(const Request& request, const std::stop_token& stop);
  void publish(State state);

  logstore::LogStore& log_;
  AcceptedRules& rules_;
  mutable std::mutex mutex_;
  std::atomic<std::uint64_t> revision_{0};
  std::shared_ptr<const State> state_ = std::make_shared<const State>();
  std::jthread search_;  // last: it uses the others
};

}  // namespace fw::discovery

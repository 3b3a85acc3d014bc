#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/pool.h"
#include "async/task_group.h"
#include "base/clock.h"
#include "modelops/deployer.h"
#include "promotion/proposal.h"

namespace fw::promotion {

/// What this machine gives to promoted models that it serves.
struct HostSettings {
  std::size_t max_models = 4;                          ///< at a time; one more has to wait
  int concurrency = 4;                                 ///< requests that each answers at once
  Duration timeout = std::chrono::seconds(120);        ///< of the gateway, for an answer's head
  Duration deploy_timeout = std::chrono::minutes(10);  ///< until an engine answers
  Duration first_pause = std::chrono::seconds(1);      ///< before another try; doubles with every failure
  Duration longest_pause = std::chrono::minutes(1);
  Duration health_interval = std::chrono::seconds(5);  ///< between two looks at whether a ready engine answers
  Duration health_timeout = std::chrono::seconds(5);   ///< for one of them
  int health_failures = 3;  ///< one after the other, until it is taken for hung, killed and started again
  Duration drain = std::chrono::seconds(30);  ///< requests under way get it once their model is off traffic
};

enum class HostStage : std::uint8_t {
  kWaiting,   ///< as many models are served as may be, or the service is starting
  kStarting,  ///< its bytes are checked, its engine is brought up
  kReady,
  kFailed,  ///< its engine died, hung or did not come up; it is tried again
  kRefused  ///< its bytes are not those that were signed
};
[[nodiscard]] std::string_view to_string(HostStage stage);

/// How a promoted model is served here.
struct Hosted {
  HostStage stage = HostStage::kWaiting;
  std::string why;             ///< the last failure; stays when it is ready again
  std::uint64_t failures = 0;  ///< since the service started
  std::uint64_t hangs = 0;     ///< of these: its engine ran and answered nothing
  std::string description;     ///< engine, file type, slots; empty until it was ready
  std::string url;             ///< while it is ready
  /// While it is ready: what requests to it bear, with the key of this very engine.
  std::vector<std::pair<std::string, std::string>> headers;
  /// While it is ready: the engine stays until nobody else holds this.
  std::shared_ptr<const void> lease;
};

/// What the engine of a promoted model wrote last, over its restarts, as it is shown: redacted, each line bounded
/// (modelops/engine_log.h). Not always UTF-8.
struct EngineWords {
  bool is_running = false;  ///< it is up, or starts
  std::vector<std::string> lines;
};

/// What the host works with; everything outlives it.
struct HostDependencies {
  Executor executor;
  modelops::Deployer& deployer;
  Pool& disk;
  /// What is proposed, as it is now: its digests, and where its files lie; kFailedPrecondition, kNotFound, kDataLoss:
  /// they are no longer there. Another error may pass.
  std::function<Task<Result<Candidate>>(Candidate)> present;
  /// Whether there is room for one more; blocks.
  std::function<Status(const modelops::DeploymentRequest&)> room;
  /// Success where the engine behind an endpoint answers a look at its health before the deadline, however much it has
  /// to do.
  std::function<Task<Status>(modelops::Endpoint, Deadline)> health;
  /// Another model became ready, or no longer is: ask find(). Any thread, never under a lock of the host.
  std::function<void()> on_change;
  /// The bytes are others (with their digests), or are gone. Likewise.
  std::function<void(std::string id, std::optional<Digests> now, std::string why)> on_refused;
  /// What is shown of a line that an engine wrote; absent: all of it.
  std::function<std::string(std::string)> redact{};
  /// Keeps what the engine of a proposal said last, once it is served no more; absent: nobody does. Blocks.
  std::function<void(const Proposal&, const std::vector<std::string>& lines)> keep_words{};
};

/// Serves the promoted models that no upstream of the gateway serves: while a proposal is on traffic its model is
/// deployed, checked byte for byte against what was signed before every deployment, and deployed again with growing
/// pauses when its engine dies, or hangs: it is asked for its health, and killed when it does not answer. One that is
/// not ready is simply not there; nobody waits for it.
///
/// Any thread. stop() before destruction, and before the deployer's own.
class ModelHost final {
 public:
  ModelHost(HostSettings settings, HostDependencies with);
  ModelHost(const ModelHost&) = delete;
  ModelHost& operator=(const ModelHost&) = delete;

  /// Before it nothing is brought up: set() only notes.
  void start();
  /// Ends all engines; those that ask for one more are not served.
  [[nodiscard]] Task<void> stop();

  /// All proposals on traffic: what is new is brought up; the engine of what is gone ends when nobody holds its lease,
  /// or after the drain.
  void set(const std::vector<Proposal>& on_traffic);
  /// Nothing for a proposal that is not on traffic, or that an upstream serves.
  [[nodiscard]] std::optional<Hosted> find(std::string_view id) const;
  /// Of a proposal that is served, and of one whose engine is going; nothing of others.
  [[nodiscard]] std::optional<EngineWords> words(std::string_view id) const;
  /// kFailedPrecondition while as many models are served as may be.
  [[nodiscard]] Status room_for_one_more() const;
  /// Which model is not served though it should be, and why; empty: none.
  [[nodiscard]] std::string trouble() const;
  [[nodiscard]] const HostSettings& settings() const { return settings_; }

  void write_metrics(std::ostream& out) const;

 private:
  struct Entry;
  using EntryPtr = std::shared_ptr<Entry>;

  [[nodiscard]] Task<void> supervise(EntryPtr entry);
  /// Serves it until it fails, or its stop.
  [[nodiscard]] Task<Error> serve(EntryPtr entry, Deadline deadline);
  /// Returns why its engine is no good any more, or the deadline's error.
  [[nodiscard]] Task<Error> watch(EntryPtr entry, modelops::Deployment up, Deadline deadline);
  /// What is to be served, of which every byte is what was signed.
  [[nodiscard]] Task<Result<Candidate>> check(EntryPtr entry);
  [[nodiscard]] Task<void> take_down(EntryPtr entry, modelops::DeploymentId id);
  [[nodiscard]] Task<void> keep_words(EntryPtr entry);
  void note(Entry& entry, HostStage stage, const std::string& why = "");
  void begin_those_that_fit();

  const HostSettings settings_;
  const HostDependencies with_;
  mutable std::mutex mutex_;  // guards the rest but the group, and what entries hold
  std::map<std::string, EntryPtr, std::less<>> entries_;
  std::vector<std::string> order_;                     // of entries_: who came first is served first
  std::map<std::string, EntryPtr, std::less<>> last_;  // whose engine has run last, until what it said is kept
  bool is_started_ = false;
  bool is_stopping_ = false;
  std::size_t running_ = 0;  // tasks: one that is being taken down has its memory still
  TaskGroup tasks_;
};

}  // namespace fw::promotion

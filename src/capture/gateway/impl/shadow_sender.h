#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>

#include "async/task_group.h"
#include "capture/gateway/dialect.h"
#include "capture/gateway/gateway.h"
#include "capture/gateway/impl/workbench.h"
#include "capture/gateway/recorder.h"
#include "capture/gateway/token_allowance.h"
#include "capture/gateway/upstream.h"

namespace fw::capture {

/// Asks the other side what a client has been answered already, within a budget of its own, and tells of both answers.
/// Nothing of it is kept as traffic, counts for an upstream's circuit breaker, or is tried twice. Any thread.
class ShadowSender final {
 public:
  struct Job {
    std::string promotion;
    bool is_to_candidate = true;
    std::shared_ptr<Upstream> upstream;
    net::Request request;  ///< ready to be sent
    Dialect dialect = Dialect::kChatCompletions;
    std::string variant;
    record::Interaction answered;  ///< what the client has
  };

  ShadowSender(Executor executor, ShadowBudget budget, std::size_t max_answer_bytes, Workbenches& benches,
               std::function<void(ShadowedPair)> tell);
  /// Ends the copies under way. Their event loop still runs.
  ~ShadowSender();
  ShadowSender(const ShadowSender&) = delete;
  ShadowSender& operator=(const ShadowSender&) = delete;

  /// Never waits: what the budget has no room for is counted and dropped.
  void offer(Job job);
  void write_metrics(std::ostream& out) const;

 private:
  enum class Outcome : std::uint8_t { kAnswered, kFailed, kNoRoom, kOverBudget };

  /// Whether another task is to be started for it.
  [[nodiscard]] bool enqueue(Job job);
  [[nodiscard]] std::optional<Job> next();
  [[nodiscard]] Task<void> work();
  [[nodiscard]] Task<void> ask(Job job);
  [[nodiscard]] Task<BytesEnd> read(Job& job, Recorder& recorder);
  void count(Outcome outcome) { ++outcomes_.at(static_cast<std::size_t>(outcome)); }

  const ShadowBudget budget_;
  const std::size_t max_answer_bytes_;
  Workbenches& benches_;
  const std::function<void(ShadowedPair)> tell_;
  std::array<std::atomic<std::uint64_t>, 4> outcomes_{};
  mutable std::mutex mutex_;  // guards the next four
  TokenAllowance allowance_;
  std::deque<Job> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::size_t running_ = 0;
  TaskGroup group_;
};

}  // namespace fw::capture

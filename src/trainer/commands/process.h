#pragma once

#include <atomic>
#include <thread>

#include "trainer/commands/events.h"

namespace fw::trainer {

/// Sleeping instead of spinning at the barriers of libtorch's threads: on a shared machine spinning costs 5 to 20 times
/// the work. Its library reads this from the environment before main, so the program starts itself once more with it
/// set.
void ensure_passive_waiting(char** argv);

/// Ends the process as a service wants its engines to end: SIGTERM or SIGINT set stopping(), and if the work has not
/// come back within 1.5 seconds the process leaves at once (checkpoints are renamed whole, so none is torn); the same
/// at once when the parent has died. Construct before any other thread is made: it blocks the signals for all.
class ProcessGuard final {
 public:
  /// `parent`: process id to live as long as; 0 for none.
  ProcessGuard(EventWriter& events, int parent);
  ~ProcessGuard();
  ProcessGuard(const ProcessGuard&) = delete;
  ProcessGuard& operator=(const ProcessGuard&) = delete;

  [[nodiscard]] bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

 private:
  void watch();

  EventWriter& events_;
  int parent_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> done_{false};
  std::thread watcher_;
};

}  // namespace fw::trainer

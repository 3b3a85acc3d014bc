#pragma once

#include <csignal>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"

namespace fw::app {

/// The longest time that the end of the service may take: who stops it kills it after a time of their own, and then
/// nobody learns what it was that took so long. When the time is over, the log says what was being stopped and the
/// process ends with exit status 1, as if it had been killed: what was acknowledged is on disk.
///
/// Made by the thread that has SIGINT, SIGTERM and SIGHUP blocked, as all others have, once the first has come.
class StopBound final {
 public:
  /// `hurry` is called, on a thread of the bound, for every SIGINT and SIGTERM that comes while the first stage lasts.
  StopBound(Duration bound, std::string first_stage, std::function<void()> hurry);
  /// All ended in time.
  ~StopBound();
  StopBound(const StopBound&) = delete;
  StopBound& operator=(const StopBound&) = delete;

  /// What is being stopped from here on. `hurry` is not called any more.
  void next_stage(std::string name);

 private:
  void watch();

  const Instant end_;
  const sigset_t signals_;
  std::mutex mutex_;  // guards the next three
  std::string stage_;
  std::function<void()> hurry_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace fw::app

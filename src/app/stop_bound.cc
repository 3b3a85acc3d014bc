#include "app/stop_bound.h"

#include <cstdlib>

#include "base/log.h"

namespace fw::app {
namespace {

sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

timespec time_until(Instant when) {
  const auto left = std::max(when - kernel_now(), Duration::zero());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  return {.tv_sec = seconds.count(),
          .tv_nsec = std::chrono::duration_cast<std::chrono::nanoseconds>(left - seconds).count()};
}

}  // namespace

StopBound::StopBound(Duration bound, std::string first_stage, std::function<void()> hurry)
    : end_(from_now(bound)),
      signals_(ending_signals()),
      stage_(std::move(first_stage)),
      hurry_(std::move(hurry)),
      thread_([this] { watch(); }) {}

StopBound::~StopBound() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  pthread_kill(thread_.native_handle(), SIGHUP);
  thread_.join();
}

void StopBound::next_stage(std::string name) {
  const std::lock_guard lock(mutex_);
  stage_ = std::move(name);
  hurry_ = nullptr;
}

void StopBound::watch() {
  while (true) {
    const timespec left = time_until(end_);
    const int signal = sigtimedwait(&signals_, nullptr, &left);
    const std::lock_guard lock(mutex_);
    if (is_over_) return;
    if (kernel_now() >= end_) {
      log_error("serve", "the stop takes too long; the service ends as if it had been killed", {{"waits_for", stage_}});
      std::_Exit(EXIT_FAILURE);
    }
    if ((signal == SIGINT || signal == SIGTERM) && hurry_) hurry_();
  }
}

}  // namespace fw::app

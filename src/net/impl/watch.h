#pragma once

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "async/task.h"

namespace fw::net {

/// Ends the waits on one connection: when a time limit passes, or when somebody asks. Ending means closing the socket,
/// so that every wait on it returns; `verdict` then says why. All members run on one strand.
///
/// Moving a limit into the future costs nothing: the timer looks again when it fires.
class Watch final : public std::enable_shared_from_this<Watch> {
 public:
  enum class Limit : std::uint8_t { kRead, kWrite, kTotal };

  Watch(Executor strand, std::function<void()> close);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void set(Limit limit, Instant when);
  void clear(Limit limit) { limits_[static_cast<std::size_t>(limit)] = Instant::max(); }
  /// Closes now. The first verdict stays.
  void end(ErrorCode verdict);
  /// The connection is no longer this watch's business; nothing is closed from here on.
  void retire();

  [[nodiscard]] const std::optional<ErrorCode>& verdict() const { return verdict_; }
  [[nodiscard]] const Executor& strand() const { return strand_; }

 private:
  [[nodiscard]] Instant earliest() const;
  void schedule();
  void on_timer();

  Executor strand_;
  std::function<void()> close_;
  boost::asio::steady_timer timer_;
  std::array<Instant, 3> limits_{Instant::max(), Instant::max(), Instant::max()};
  Instant timer_at_ = Instant::max();
  std::optional<ErrorCode> verdict_;
  bool is_retired_ = false;
};

/// While it lives, a stop of the token, from any thread, ends the watch's waits with kCancelled. Lives on the strand.
class StopGuard final {
 public:
  StopGuard(const std::shared_ptr<Watch>& watch, const std::stop_token& token);
  ~StopGuard();
  StopGuard(const StopGuard&) = delete;
  StopGuard& operator=(const StopGuard&) = delete;

 private:
  struct Post {
    std::shared_ptr<Watch> watch;
    std::shared_ptr<bool> is_active;
    void operator()() const;
  };
  std::shared_ptr<bool> is_active_;
  std::optional<std::stop_callback<Post>> callback_;
};

/// Keeps a time limit until the scope ends.
class LimitGuard final {
 public:
  LimitGuard(const std::shared_ptr<Watch>& watch, Watch::Limit limit, Instant when) : watch_(watch), limit_(limit) {
    watch_->set(limit_, when);
  }
  ~LimitGuard() { watch_->clear(limit_); }
  LimitGuard(const LimitGuard&) = delete;
  LimitGuard& operator=(const LimitGuard&) = delete;

 private:
  std::shared_ptr<Watch> watch_;
  Watch::Limit limit_;
};

}  // namespace fw::net

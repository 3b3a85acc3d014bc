#pragma once

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <stop_token>

#include "net/impl/transport.h"

namespace fw::net {

/// Ends the waits on one connection: when a time limit passes, or when somebody asks. Ending means closing the socket,
/// so that every wait on it returns; `verdict` then says why. All members run on one strand.
///
/// Moving a limit into the future costs nothing: the timer looks again when it fires.
class Watch final : public std::enable_shared_from_this<Watch> {
 public:
  enum class Limit : std::uint8_t { kRead, kWrite, kTotal };

  /// `transport` must outlive the watch or its `detach`, or at least its last limit.
  Watch(Executor strand, Transport& transport);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void set(Limit limit, Instant when);
  void clear(Limit limit) { limits_[static_cast<std::size_t>(limit)] = Instant::max(); }
  /// A write has begun, or moved on: it may stand still for `patience` from now, but not beyond `until`. A peer that
  /// takes bytes out of the kernel's queue, however slowly, is not standing still.
  void writing(Duration patience, Instant until);
  /// Closes now. The first verdict stays.
  void end(ErrorCode verdict);
  /// The connection is no longer this watch's business; nothing is closed from here on.
  void detach();

  [[nodiscard]] const std::optional<ErrorCode>& verdict() const { return verdict_; }
  [[nodiscard]] const Executor& strand() const { return strand_; }
  /// A number that changes whenever a StopGuard begins or ends.
  [[nodiscard]] std::uint64_t guard() const { return guard_; }

 private:
  friend class StopGuard;
  [[nodiscard]] Instant earliest() const;
  [[nodiscard]] Instant& limit(Limit which) { return limits_[static_cast<std::size_t>(which)]; }
  void schedule();
  void on_timer();
  void extend_a_write_that_moves(Instant now);

  Executor strand_;
  Transport& transport_;
  boost::asio::steady_timer timer_;
  std::array<Instant, 3> limits_{Instant::max(), Instant::max(), Instant::max()};
  Instant timer_at_ = Instant::max();
  Duration write_patience_{};
  Instant write_until_ = Instant::max();
  std::size_t unsent_ = 0;
  std::optional<ErrorCode> verdict_;
  std::uint64_t guard_ = 0;
  bool is_detached_ = false;
};

/// While it lives, a stop of the token, from any thread, ends the watch's waits with kCancelled. Lives on the strand;
/// one at a time.
class StopGuard final {
 public:
  StopGuard(const std::shared_ptr<Watch>& watch, const std::stop_token& token);
  ~StopGuard();
  StopGuard(const StopGuard&) = delete;
  StopGuard& operator=(const StopGuard&) = delete;

 private:
  struct Post {
    std::shared_ptr<Watch> watch;
    std::uint64_t guard;
    void operator()() const;
  };
  std::optional<std::stop_callback<Post>> callback_;
  Watch* watch_ = nullptr;
};

/// Keeps a time limit until the scope ends.
class LimitGuard final {
 public:
  LimitGuard(Watch& watch, Watch::Limit limit, Instant when) : watch_(watch), limit_(limit) {
    watch_.set(limit_, when);
  }
  ~LimitGuard() { watch_.clear(limit_); }
  LimitGuard(const LimitGuard&) = delete;
  LimitGuard& operator=(const LimitGuard&) = delete;

 private:
  Watch& watch_;
  Watch::Limit limit_;
};

/// Writes all of `buffers`, of which the first may have gone out already. It may stand still for `patience` at a time.
[[nodiscard]] Task<boost::system::error_code> write_rest(Transport& transport, Watch& watch, Gather buffers,
                                                         Duration patience, Instant until);

}  // namespace fw::net

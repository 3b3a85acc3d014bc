#pragma once

#include <atomic>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/fair_share.h"
#include "net/body.h"

namespace fw::net {

/// How many bytes of request bodies may be in memory at a time, over all connections of a listener: what has come
/// counts, not what was announced. Nobody can take it all (base/fair_share.h), and when somebody finds no room a body
/// that has stopped coming is ended. Any thread; outlives its shares.
class BodyBudget final {
 public:
  /// How long a body may take for its next kProgress bytes while somebody waits for room.
  static constexpr Duration kStalled = std::chrono::seconds(2);
  static constexpr std::size_t kProgress = 16 * 1024;

  explicit BodyBudget(std::size_t limit) : room_(limit) {}
  BodyBudget(const BodyBudget&) = delete;
  BodyBudget& operator=(const BodyBudget&) = delete;

  /// What one request holds; gives it back when it goes.
  class Share final {
   public:
    /// `sharer`: IncomingRequest::sharer.
    Share(BodyBudget& budget, std::string sharer) : budget_(budget), sharer_(std::move(sharer)) {}
    ~Share();
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    /// Takes room for bytes that have come; from then on more of them is awaited. False when there is no room now.
    [[nodiscard]] bool grow(std::size_t bytes, Instant now);
    [[nodiscard]] BodyBudget& budget() const { return budget_; }
    /// No more is awaited: the body is whole, or given up.
    void finish() { is_awaited_ = false; }
    /// Was ended, for others to have room: the body is to be given up.
    [[nodiscard]] bool is_ended() const { return is_ended_; }
    /// Ends the wait for the body. Any thread.
    void stop() { stop_.request_stop(); }
    [[nodiscard]] std::stop_token stop_token() const { return stop_.get_token(); }

   private:
    friend class BodyBudget;
    [[nodiscard]] bool has_stalled(Instant now) const { return is_awaited_ && now - moved_at_.load() >= kStalled; }

    BodyBudget& budget_;
    const std::string sharer_;
    std::size_t bytes_ = 0;
    std::size_t progress_ = 0;  // since moved_at_
    std::stop_source stop_;
    std::atomic<bool> is_awaited_ = false;
    std::atomic<bool> is_ended_ = false;
    std::atomic<Instant> moved_at_{};
  };

  /// For one who finds no room: ends a body that has stalled, one of those first who hold more than their share, then
  /// the one that has for longest. False when there is none. Its room is free a moment later.
  bool end_one_that_stalled(Instant now);
  [[nodiscard]] std::size_t used() const { return room_.held(); }
  [[nodiscard]] std::size_t limit() const { return room_.room(); }
  /// Half of it is used, and this one has more of that than its share.
  [[nodiscard]] bool is_crowded_by(const std::string& sharer) const {
    return used() > limit() / 2 && room_.is_beyond_share(sharer);
  }

 private:
  FairShare room_;
  std::mutex mutex_;         // guards what follows
  std::set<Share*> shares_;  // that hold something
};

/// A body that is read whole.
struct WholeBodyOptions {
  std::size_t max_bytes = SIZE_MAX;
  Duration patience{};      ///< how long it may take to find room, from its beginning; nothing is read meanwhile
  std::size_t reserve = 0;  ///< room that the text has from the beginning
};

/// Reads a whole body within its share of a budget. kTooLarge beyond max_bytes; kResourceExhausted where there was no
/// room, or the body stalled while others waited for some; else the body's errors. `body` and `share` outlive the task.
[[nodiscard]] Task<Result<std::string>> read_whole(BodyReader& body, WholeBodyOptions options, BodyBudget::Share& share,
                                                   Deadline deadline);

}  // namespace fw::net

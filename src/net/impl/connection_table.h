#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "base/fair_share.h"

namespace fw::net {

/// What a connection is doing, as far as others need to know. Set by its own strand, read by any thread.
class Activity final {
 public:
  enum class State : std::uint8_t {
    kIdle,         ///< no byte of a request has come since
    kReadingHead,  ///< the first one has, the last of its head has not
    kAnswering,
  };
  struct Seen {
    State state;
    Instant since;
  };
  /// From which on a head that is not whole counts for little.
  static constexpr Duration kSlowHead = std::chrono::seconds(1);

  explicit Activity(Instant now) { set(State::kIdle, now); }

  void set(State state, Instant since) {
    packed_.store(since.time_since_epoch().count() * 4 + static_cast<std::int64_t>(state), std::memory_order_relaxed);
  }
  [[nodiscard]] Seen seen() const {
    const std::int64_t packed = packed_.load(std::memory_order_relaxed);
    return {static_cast<State>(packed & 3), Instant(Instant::duration(packed >> 2))};
  }
  [[nodiscard]] static bool is_slow_head(const Seen& seen, Instant now) {
    return seen.state == State::kReadingHead && now - seen.since >= kSlowHead;
  }

 private:
  std::atomic<std::int64_t> packed_ = 0;  // both in one word, so that they belong together
};

/// The connections of a server by address, and which of them gives way when there is no room for one more. A
/// `Connection` has an `activity()`. Not thread-safe.
///
/// Orders are by when a connection began to be idle as far as was seen: a key never lies after the truth, so it is put
/// right only when it comes first, and finding the oldest costs what has changed since the last time.
template <class Connection>
class ConnectionTable final {
 public:
  using Pointer = std::shared_ptr<Connection>;

  /// `max_per_address`: 0 for no limit.
  ConnectionTable(std::size_t max, std::size_t max_per_address) : max_(max), max_per_address_(max_per_address) {}

  struct Room {
    bool is_there = true;
    Pointer gives_way;  ///< in the place of which the new one comes; no longer in the table
  };
  /// Room for one more of this address. Only what is idle gives way, or has taken long over the head of a request, if
  /// nothing is; for an address that has its share one of its own.
  [[nodiscard]] Room make_room(const std::string& address, Instant now) {
    const auto own = by_address_.find(address);
    const std::size_t held = own == by_address_.end() ? 0 : own->second.by_time.size();
    const std::size_t addresses = by_address_.size() + (held == 0 ? 1 : 0);
    const FairClaim claim{.room = max_, .held = size(), .own = held, .sharers = addresses};
    const bool is_at_limit = max_per_address_ > 0 && held >= max_per_address_;
    if (!is_at_limit && claim.is_granted()) return {};
    const bool is_own_affair = held > 0 && (is_at_limit || claim.has_room() || held >= max_ / addresses);
    return in_place_of(is_own_affair ? oldest(own->second, &Place::in_own, now) : oldest(all_, &Place::in_all, now));
  }

  void add(const Pointer& connection, const std::string& address) {
    const Instant since = connection->activity().seen().since;
    Place place{.address = address, .in_all = all_.by_time.emplace(since, connection), .in_own = {}};
    place.in_own = by_address_[address].by_time.emplace(since, connection);
    places_.emplace(connection.get(), std::move(place));
  }
  /// Nothing where it is not there any more.
  void remove(const Pointer& connection) {
    const auto found = places_.find(connection.get());
    if (found == places_.end()) return;
    const Place& place = found->second;
    all_.by_time.erase(place.in_all);
    const auto own = by_address_.find(place.address);
    own->second.by_time.erase(place.in_own);
    if (own->second.by_time.empty()) by_address_.erase(own);
    places_.erase(found);
  }
  [[nodiscard]] std::size_t size() const { return places_.size(); }

 private:
  using ByTime = std::multimap<Instant, Pointer>;
  struct Order {
    ByTime by_time;
    Instant vain_until{};  // none of them would give way
  };
  struct Place {
    std::string address;
    typename ByTime::iterator in_all;
    typename ByTime::iterator in_own;
  };
  /// Looking again at all of them for every new connection would be what keeps a busy server busy.
  static constexpr Duration kBetweenVainLooks = std::chrono::milliseconds(10);

  [[nodiscard]] Room in_place_of(Pointer connection) {
    if (!connection) return {.is_there = false, .gives_way = nullptr};
    remove(connection);
    return {.is_there = true, .gives_way = std::move(connection)};
  }

  [[nodiscard]] static bool is_idle(const Activity::Seen& seen) { return seen.state == Activity::State::kIdle; }

  [[nodiscard]] Pointer oldest(Order& order, typename ByTime::iterator Place::* place, Instant now) {
    if (now < order.vain_until) return nullptr;
    ByTime& by_time = order.by_time;
    Pointer slow;
    while (!by_time.empty() && by_time.begin()->first < now) {
      const auto first = by_time.begin();
      const Activity::Seen seen = first->second->activity().seen();
      if (is_idle(seen) && seen.since == first->first) return first->second;
      if (!slow && Activity::is_slow_head(seen, now)) slow = first->second;
      auto node = by_time.extract(first);
      node.key() = is_idle(seen) ? seen.since : now;
      Place& its = places_.at(node.mapped().get());
      its.*place = by_time.insert(std::move(node));
    }
    if (!slow) order.vain_until = now + kBetweenVainLooks;
    return slow;
  }

  const std::size_t max_;
  const std::size_t max_per_address_;
  Order all_;
  std::unordered_map<std::string, Order> by_address_;
  std::unordered_map<const Connection*, Place> places_;
};

}  // namespace fw::net

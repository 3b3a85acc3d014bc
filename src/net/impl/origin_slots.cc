#include "net/impl/origin_slots.h"

#include <boost/asio/this_coro.hpp>
#include <utility>

namespace fw::net {

OriginSlots::Slot& OriginSlots::Slot::operator=(Slot&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  slots_ = std::move(other.slots_);
  origin_ = std::move(other.origin_);
  return *this;
}

void OriginSlots::Slot::give_back() {
  if (const auto slots = std::move(slots_)) slots->release(origin_);
}

std::optional<OriginSlots::Slot> OriginSlots::take_free(const std::string& origin) {
  if (max_ == SIZE_MAX) return Slot();
  const std::lock_guard lock(mutex_);
  if (!take_one(origin)) return std::nullopt;
  return Slot(shared_from_this(), origin);
}

bool OriginSlots::take_one(const std::string& origin) {
  Origin& of = origins_[origin];
  if (of.in_use >= max_) return false;
  ++of.in_use;
  return true;
}

Task<Result<OriginSlots::Slot>> OriginSlots::acquire(std::string origin, Deadline deadline) {
  auto waiting = std::make_shared<Waiting>();
  const Executor home = co_await boost::asio::this_coro::executor;
  {
    const std::lock_guard lock(mutex_);
    if (take_one(origin)) co_return Slot(shared_from_this(), std::move(origin));
    waiting->alarm = std::make_shared<Alarm>(home, deadline.when());
    origins_[origin].queue.push_back(waiting);
  }
  {
    const std::stop_callback wake(deadline.stop_token(), [alarm = waiting->alarm] { alarm->ring(); });
    co_await Alarm::wait(waiting->alarm);
  }
  {
    const std::lock_guard lock(mutex_);
    if (waiting->has_slot) co_return Slot(shared_from_this(), std::move(origin));
    origins_[origin].queue.remove(waiting);
  }
  FW_CO_TRY(deadline.check(origin + ": waiting for a connection"));
  co_return deadline_exceeded(origin + ": time ran out while all " + std::to_string(max_) + " connections were in use");
}

/// Whoever waits longest takes the slot over, so that nobody who comes later gets ahead.
void OriginSlots::release(const std::string& origin) {
  const std::lock_guard lock(mutex_);
  const auto found = origins_.find(origin);
  if (found->second.queue.empty()) {
    if (--found->second.in_use == 0) origins_.erase(found);
    return;
  }
  const auto next = std::move(found->second.queue.front());
  found->second.queue.pop_front();
  next->has_slot = true;
  next->alarm->ring();
}

}  // namespace fw::net

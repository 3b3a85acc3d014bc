#include "base/fair_share.h"

namespace fw {

FairClaim FairShare::claim(const std::string& sharer, std::size_t amount) const {
  const auto found = by_sharer_.find(sharer);
  const bool is_new = found == by_sharer_.end();
  return {.room = room_,
          .held = held_,
          .own = is_new ? 0 : found->second,
          .sharers = by_sharer_.size() + (is_new ? 1 : 0),
          .amount = amount};
}

bool FairShare::enter(const std::string& sharer, std::size_t amount) {
  const std::lock_guard lock(mutex_);
  if (!claim(sharer, amount).is_granted()) return false;
  held_ += amount;
  by_sharer_[sharer] += amount;
  return true;
}

void FairShare::leave(const std::string& sharer, std::size_t amount) {
  if (amount == 0) return;
  const std::lock_guard lock(mutex_);
  held_ -= amount;
  const auto found = by_sharer_.find(sharer);
  if ((found->second -= amount) == 0) by_sharer_.erase(found);
}

std::size_t FairShare::held() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

bool FairShare::is_beyond_share(const std::string& sharer) const {
  const std::lock_guard lock(mutex_);
  return claim(sharer, 0).is_beyond_share();
}

}  // namespace fw

#include "auth/fair_share.h"

namespace fw::auth {

bool FairShare::enter(const std::string& tenant) {
  const std::lock_guard lock(mutex_);
  if (held_ >= room_) return false;
  const auto found = by_tenant_.find(tenant);
  const std::size_t own = found == by_tenant_.end() ? 0 : found->second;
  const std::size_t tenants = by_tenant_.size() + (own == 0 ? 1 : 0);
  // One who comes later finds the last quarter, so the share counts one more than there are.
  const bool is_scarce = held_ >= room_ - room_ / 4;
  if (is_scarce && own >= room_ / (tenants + 1)) return false;
  ++held_;
  ++by_tenant_[tenant];
  return true;
}

void FairShare::leave(const std::string& tenant) {
  const std::lock_guard lock(mutex_);
  --held_;
  const auto found = by_tenant_.find(tenant);
  if (--found->second == 0) by_tenant_.erase(found);
}

std::size_t FairShare::held() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

}  // namespace fw::auth

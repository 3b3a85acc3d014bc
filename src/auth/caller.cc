#include "auth/caller.h"

#include <algorithm>
#include <array>

namespace fw::auth {

bool Caller::may_write(std::string_view workload) const {
  return workloads.empty() || std::ranges::find(workloads, workload) != workloads.end();
}

Caller caller_with(const Key& key, Via via) {
  Caller caller;
  caller.via = via;
  caller.person = key.name;
  caller.role = key.role;
  caller.key_id = key.id;
  caller.tenant = key.tenant;
  caller.workloads = key.workloads;
  return caller;
}

std::string_view to_string(Via via) {
  constexpr std::array<std::string_view, 4> kNames{"nothing", "key", "session", "proxy"};
  return kNames.at(static_cast<std::size_t>(via));
}

const Caller& caller_of(const std::shared_ptr<const Caller>& caller) {
  static const Caller kNobody;
  return caller == nullptr ? kNobody : *caller;
}

}  // namespace fw::auth

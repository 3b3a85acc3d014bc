#include "capture/committer/impl/waiter.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace fw::capture {
namespace {

/// Event loops are few and their waiters many. Where each waiter has a strand of its own, looking for it would only
/// cost time.
constexpr std::ptrdiff_t kGroupsLookedAt = 8;

}  // namespace

void WakeUps::add(const Waiter& waiter) {
  const auto first = groups_.end() - std::min(kGroupsLookedAt, std::ssize(groups_));
  auto group = std::find_if(first, groups_.end(), [&](const Group& one) { return one.executor == waiter.home; });
  if (group == groups_.end()) group = groups_.insert(groups_.end(), {waiter.home, {}});
  group->alarms.push_back(waiter.alarm);
}

void WakeUps::send() {
  for (Group& group : groups_) {
    boost::asio::post(group.executor, [alarms = std::move(group.alarms)] {
      for (const auto& alarm : alarms) alarm->ring();
    });
  }
  groups_.clear();
}

}  // namespace fw::capture

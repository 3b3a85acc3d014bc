#include "logstore/rocksdb/impl/in_flight_ids.h"

#include <algorithm>

namespace fw::logstore {

InFlightIds::Hold::Hold(InFlightIds& ids, std::span<const record::Interaction> batch) : ids_(ids), batch_(batch) {
  std::unique_lock lock(ids_.mutex_);
  ids_.released_.wait(lock, [&] {
    return std::ranges::none_of(batch_, [&](const record::Interaction& r) { return ids_.held_.contains(*r.id); });
  });
  for (const record::Interaction& r : batch_) ids_.held_.insert(*r.id);
}

InFlightIds::Hold::~Hold() {
  {
    const std::lock_guard lock(ids_.mutex_);
    for (const record::Interaction& r : batch_) ids_.held_.erase(*r.id);
  }
  ids_.released_.notify_all();
}

}  // namespace fw::logstore

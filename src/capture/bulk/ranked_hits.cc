#include "capture/bulk/impl/ranked_hits.h"

#include <algorithm>

namespace fw::capture::elastic {

bool RankedHits::comes_before(const SortValues& a, const SortValues& b) const {
  const auto order = request_.sort.compare(a, b);
  // Equal ones in one order always, so that pages do not overlap.
  return std::is_eq(order) ? a.record < b.record : std::is_lt(order);
}

bool RankedHits::take(const record::Interaction& record) {
  const auto before = [this](const SortValues& a, const SortValues& b) { return comes_before(a, b); };
  const std::size_t most = request_.from + request_.size;
  if (most == 0) return false;
  SortValues values = sort_values_of(record);
  if (best_.size() < most) {
    best_.push_back(std::move(values));
    std::ranges::push_heap(best_, before);
    return true;
  }
  // Where times come first, whatever the scan meets from here on has a later one than the last of the best.
  if (request_.sort.begins_with_time() && values.ms != best_.front().ms && before(best_.front(), values)) return false;
  if (!before(values, best_.front())) return true;
  std::ranges::pop_heap(best_, before);
  best_.back() = std::move(values);
  std::ranges::push_heap(best_, before);
  return true;
}

Status RankedHits::for_each(logstore::LogStore& log, const std::function<bool(const record::Interaction&)>& use) {
  std::ranges::sort_heap(best_, [this](const SortValues& a, const SortValues& b) { return comes_before(a, b); });
  std::vector<record::RecordId> ids;
  for (std::size_t i = request_.from; i < best_.size(); ++i)
    ids.push_back(record::RecordId::from_stored(best_[i].record));
  std::span<const record::RecordId> left = ids;
  while (!left.empty()) {
    FW_ASSIGN(const auto found, log.find_batch(left));
    if (found.empty()) return unavailable("the log store does not find the record " + *left.front());
    for (const auto& record : found) {
      if (record && !use(*record)) return {};
    }
    left = left.subspan(found.size());
  }
  return {};
}

}  // namespace fw::capture::elastic

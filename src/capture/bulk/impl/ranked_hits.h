#pragma once

#include <functional>
#include <vector>

#include "capture/bulk/impl/search_request.h"
#include "logstore/log_store.h"

namespace fw::capture::elastic {

/// The best `from` + `size` records of a search whose order no scan has (by `_id`), found while all are met. Memory:
/// their sort values; what they hold is read again at the end. Not thread-safe.
class RankedHits final {
 public:
  explicit RankedHits(const SearchRequest& request) : request_(request) {}

  /// False: none that the scan meets later is among them.
  bool take(const record::Interaction& record);
  /// Calls `use` for the hits from `from` on, in their order, until it says false. What was removed meanwhile is left
  /// out.
  [[nodiscard]] Status for_each(logstore::LogStore& log, const std::function<bool(const record::Interaction&)>& use);

 private:
  [[nodiscard]] bool comes_before(const SortValues& a, const SortValues& b) const;

  const SearchRequest& request_;
  std::vector<SortValues> best_;  // a heap, its last one on top
};

}  // namespace fw::capture::elastic

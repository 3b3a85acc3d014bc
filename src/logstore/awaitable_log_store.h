#pragma once

#include <optional>
#include <vector>

#include "async/deadline.h"
#include "async/pool.h"
#include "async/task.h"
#include "logstore/log_store.h"

namespace fw::logstore {

/// A LogStore for those who may not block: each member runs on the pool, and the wait ends with its deadline or stop
/// (kDeadlineExceeded, kCancelled) whatever the store is doing. A read that nobody waits for any more is not begun, and
/// one that goes on ends within a page. kUnavailable at once when too much waits for the pool already.
///
/// Store and pool outlive it; the store outlives the pool. Appends go through capture::Committer.
class AwaitableLogStore final {
 public:
  AwaitableLogStore(LogStore& store, Pool& pool) : store_(store), pool_(pool) {}

  [[nodiscard]] Task<Result<Page>> scan(Selection selection, Order order, std::size_t limit,
                                        std::optional<Cursor> after, Deadline deadline);
  [[nodiscard]] Task<Result<KeyPage>> scan_keys(Selection selection, Order order, std::size_t limit,
                                                std::optional<Cursor> after, Deadline deadline);
  [[nodiscard]] Task<Result<std::optional<record::Interaction>>> find(record::RecordId id, Deadline deadline);
  [[nodiscard]] Task<Result<std::vector<std::optional<record::Interaction>>>> find_batch(
      std::vector<record::RecordId> ids, Deadline deadline);
  /// All pairs, a page at a time.
  [[nodiscard]] Task<Result<std::vector<WorkloadSummary>>> workloads(Deadline deadline);
  [[nodiscard]] Task<Result<std::vector<RecordCount>>> counts(Deadline deadline);

 private:
  LogStore& store_;
  Pool& pool_;
};

}  // namespace fw::logstore

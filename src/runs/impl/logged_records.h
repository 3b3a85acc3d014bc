#pragma once

#include <optional>
#include <utility>

#include "async/deadline.h"
#include "dataset/record_source.h"
#include "logstore/log_store.h"

namespace fw::runs {

/// A workload's records in the log store, a page at a time, as the dataset step reads them. The store must outlive it.
/// Not thread-safe.
class LoggedRecords final : public dataset::RecordSource {
 public:
  LoggedRecords(logstore::LogStore& log, record::WorkloadId workload, record::ClientId client, Deadline deadline);

  Status scan(const Visit& visit) override;
  Status read(std::span<const record::RecordId> ids, const Visit& visit) override;

  /// Of the records that were scanned the earliest time and the latest; absent when there are none.
  [[nodiscard]] std::optional<std::pair<Timestamp, Timestamp>> times() const { return times_; }

 private:
  logstore::LogStore& log_;
  logstore::Selection selection_;
  Deadline deadline_;
  std::optional<std::pair<Timestamp, Timestamp>> times_;
};

}  // namespace fw::runs

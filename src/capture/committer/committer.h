#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "async/deadline.h"
#include "async/pool.h"
#include "async/task.h"
#include "base/result.h"
#include "logstore/log_store.h"
#include "record/interaction.h"

namespace fw::capture {

struct CommitterOptions {
  std::size_t max_queued_bytes = std::size_t{256} << 20;  ///< of records that wait for the disk
  std::size_t max_group_bytes = std::size_t{8} << 20;     ///< of one append
  std::size_t max_group_records = 4096;
};

/// What the committer has done and holds; counters only grow.
struct CommitterStats {
  std::uint64_t committed = 0;   ///< records on disk
  std::uint64_t duplicates = 0;  ///< ids that were there already
  std::uint64_t refused = 0;     ///< records that found no room
  std::uint64_t failed = 0;      ///< records that the store did not take
  std::uint64_t groups = 0;      ///< appends, one sync each
  std::size_t queued_records = 0;
  std::size_t queued_bytes = 0;
  Duration oldest_wait{};  ///< of what is queued
};

/// The one road from every door to the log store: what arrives while the disk is busy becomes the next group, appended
/// and synced at once, and whoever waits for a record is told when its group is on disk. Bounded by bytes. All members
/// may be called from any thread; a waiter is resumed on its own executor.
class Committer final {
 public:
  /// `store` and `disk` must outlive the committer; it takes one thread of `disk` while there is work.
  Committer(logstore::LogStore& store, Pool& disk, CommitterOptions options = {});
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;
  /// Waits for what was taken.
  ~Committer();

  /// Resumes when all records of `batch` would survive `kill -9` and power loss. Waits for room until the deadline:
  /// kUnavailable then, nothing was taken. Any other error: the store's; nothing of the batch is acknowledged.
  [[nodiscard]] Task<Result<logstore::AppendReport>> commit(std::vector<record::Interaction> batch, Deadline deadline);

  /// Takes a record without waiting; false (and counted as refused) when there is no room.
  [[nodiscard]] bool offer(record::Interaction interaction);

  /// Waits until everything that was taken before the call is on disk, or the deadline ends.
  [[nodiscard]] Task<Status> flush(Deadline deadline);

  [[nodiscard]] CommitterStats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::capture

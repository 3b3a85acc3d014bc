#pragma once

#include <cstdint>
#include <memory>
#include <string>
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
  std::uint64_t committed = 0;     ///< records on disk
  std::uint64_t duplicates = 0;    ///< ids that were there already
  std::uint64_t refused = 0;       ///< records that found no room
  std::uint64_t failed = 0;        ///< records that the store did not take
  std::uint64_t groups = 0;        ///< appends, one sync each; failed ones too
  std::size_t in_line = 0;         ///< records whose senders wait for room
  std::size_t queued_records = 0;  ///< those that are being written too
  std::size_t queued_bytes = 0;
  Duration oldest_wait{};  ///< of what is queued
};

/// The one road from every way in to the log store: what arrives while the disk is busy becomes the next group,
/// appended and synced at once, and whoever waits for a record is told when its group is on disk. Bounded by bytes. All
/// members may be called from any thread; a waiter is resumed on its own executor.
///
/// Tenants take turns, so that whoever sends little does not wait behind all that another has sent. When the queue is
/// full, those who wait stand in line, first come, first served, until their deadline; they can fill three quarters of
/// it, the last one is for those who cannot wait and are refused when that is full too. Either is full for a tenant
/// before it is full for all: a quarter of it is for tenants with less than an equal share. When the store fails, those
/// who wait are told at once; what nobody waits for stays in the queue and is tried again (with pauses of 100 ms to
/// 5 s, and once more on closing), unless the store will never take it.
class Committer final {
 public:
  /// `store` and `disk` must outlive the committer; it takes one thread of `disk` while there is work.
  Committer(logstore::LogStore& store, Pool& disk, CommitterOptions options = {});
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;
  /// Closes it.
  ~Committer();

  /// Takes nothing any more, tries once more what the store did not take, and waits for that. How many records that
  /// nobody waited for were lost; the log has them in one line.
  std::uint64_t close();

  /// Resumes when all records of `batch` would survive `kill -9` and power loss. Waits for room until the deadline:
  /// kResourceExhausted then, nothing was taken. kDeadlineExceeded and kCancelled (also when the committer goes before
  /// there is room): the wait ended early, what was taken will still be written. Any other error: the store's; nothing
  /// of the batch is acknowledged. Appending the same batch again is safe after any of them. `tenant`:
  /// net::IncomingRequest::sharer of who sent it.
  [[nodiscard]] Task<Result<logstore::AppendReport>> commit(std::vector<record::Interaction> batch, Deadline deadline,
                                                            std::string tenant = {});

  /// Takes a record without waiting; false (and counted as refused) when there is no room.
  [[nodiscard]] bool offer(record::Interaction interaction, std::string tenant = {});

  /// Waits until everything that was taken before the call is on disk (or was given up and counted as failed), or the
  /// deadline ends.
  [[nodiscard]] Task<Status> flush(Deadline deadline);

  [[nodiscard]] CommitterStats stats() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // also of those who wait
};

}  // namespace fw::capture

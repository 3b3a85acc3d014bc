#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "async/deadline.h"
#include "logstore/log_store.h"

namespace fw::logstore {

/// What stays: how long, by the records' own time, and how much of it. 0: for ever, without a limit.
struct Retention {
  double days = 0;
  std::map<std::string, double> workloads = {};  ///< instead of `days`, by workload
  std::uint64_t max_bytes = 0;                   ///< of each workload's requests and responses as they were sent
  std::map<std::string, std::uint64_t> workload_max_bytes = {};  ///< instead of `max_bytes`, by workload
  double content_days = 0;                                       ///< of requests and responses alone
  std::map<std::string, double> workload_content_days = {};      ///< instead of `content_days`, by workload

  [[nodiscard]] bool is_on() const;
  [[nodiscard]] double days_of(const record::WorkloadId& workload) const;
  [[nodiscard]] double content_days_of(const record::WorkloadId& workload) const;
  [[nodiscard]] std::uint64_t max_bytes_of(const record::WorkloadId& workload) const;
};

struct Removed {
  std::uint64_t expired = 0;   ///< records that were too old
  std::uint64_t surplus = 0;   ///< the oldest ones of workloads that were too large
  std::uint64_t contents = 0;  ///< contents alone, of records that stay
};

/// A record without its content, which expires now: what figures need of it stands in its outline.
using OutlineOf = std::function<record::Interaction(const record::Interaction& record, Timestamp now)>;

/// Deletes what is not to stay, again and again, the oldest first: whatever ends it in the middle, what is left of a
/// workload are its newest records. A workload's size is read once, from its newest record back to the limit; later
/// only what came since is, and the rest of what it has by now is told by the store's counts. One that is too large is
/// cut to 95 % of its limit, so that it is not cut at every turn; the newest record stays. Keeps a few hundred numbers
/// of a workload in memory, and a page of records while it reads. Contents that are too old go a page at a time, and
/// each record is looked at once; those that came late, with a time before, are found when all are looked at again,
/// which is once a day, as is it that what was removed is taken off the disk. The store outlives it; run() one at a
/// time, the counts from any thread.
class RetentionSweep final {
 public:
  /// `outline_of` is asked where contents may be older than their records may stay, and for nothing else.
  RetentionSweep(LogStore& store, Retention retention, OutlineOf outline_of = {})
      : store_(store), retention_(std::move(retention)), outline_of_(std::move(outline_of)) {}
  RetentionSweep(const RetentionSweep&) = delete;
  RetentionSweep& operator=(const RetentionSweep&) = delete;

  /// What was removed before an error is gone, and counted. Blocks: for a pool.
  [[nodiscard]] Status run(Timestamp now, const Deadline& deadline);

  /// So far.
  [[nodiscard]] Removed removed() const { return {expired_, surplus_, contents_}; }
  /// The same in the Prometheus text format (0.0.4).
  void write_metrics(std::ostream& out) const;

 private:
  /// What the store counts of a workload.
  struct Held {
    std::uint64_t records = 0;
    Timestamp oldest;
  };
  /// Some of a workload's records that follow each other in the order of time and id.
  struct Stretch {
    Timestamp time;       ///< of its first record
    record::RecordId id;  ///< of the same
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
  };
  /// What was read of a workload, oldest first, in stretches of about a hundredth of its limit: it is cut between two.
  struct Size {
    std::deque<Stretch> stretches = {};
    std::optional<Timestamp> newest = {};
    std::uint64_t unreadable =
        0;  ///< records that the store counts and that no scan shows, as others' documents may be

    [[nodiscard]] std::uint64_t records() const;
    [[nodiscard]] std::uint64_t bytes() const;
    /// Of this many records that the store has.
    [[nodiscard]] double bytes_of(std::uint64_t held) const;
    /// Whether the store has others than were read: late ones, or fewer.
    [[nodiscard]] bool is_off(std::uint64_t held) const;
    void forget_before(Timestamp oldest);
    /// What is older than this has no content any more.
    void forget_contents_before(Timestamp time);
    /// Behind the others, the last of which is filled up if it has less than `full` bytes.
    void add(std::deque<Stretch> newer, std::uint64_t full);
  };
  using Counter = std::atomic<std::uint64_t>;

  [[nodiscard]] Result<std::map<record::WorkloadId, Held>> held();
  [[nodiscard]] Status remove_expired(Timestamp now, const Deadline& deadline);
  [[nodiscard]] Status remove_surplus(const Deadline& deadline);
  [[nodiscard]] Status expire_contents(Timestamp now, const Deadline& deadline);
  /// Of a pair, from `from` on, of what is older than `to`.
  [[nodiscard]] Status expire_contents(const WorkloadSummary& pair, std::optional<Timestamp> from, Timestamp to,
                                       Timestamp now, const Deadline& deadline);
  [[nodiscard]] Status purge(Timestamp now, const Deadline& deadline);
  [[nodiscard]] Status shrink(const record::WorkloadId& workload, const Held& held, std::uint64_t limit,
                              const Deadline& deadline);
  /// Reads what is newer than what `size` knows, from the newest back. True: it ended at the limit, and `size` holds
  /// what it read alone.
  [[nodiscard]] Result<bool> measure(const record::WorkloadId& workload, std::uint64_t limit, Size& size,
                                     const Deadline& deadline);
  /// Removes what is older than `time`.
  [[nodiscard]] Status remove_before(const record::WorkloadId& workload, Timestamp time, Counter& removed,
                                     const Deadline& deadline);
  /// Removes what is of this time and comes before `id`.
  [[nodiscard]] Status remove_same_time(const record::WorkloadId& workload, Timestamp time, const record::RecordId& id,
                                        Counter& removed, const Deadline& deadline);

  LogStore& store_;
  const Retention retention_;
  const OutlineOf outline_of_;
  std::map<record::WorkloadId, Size> sizes_;
  using Pair = std::pair<record::WorkloadId, record::ClientId>;
  std::map<Pair, Timestamp> outlined_before_;  // no record that is older has content, unless it came late
  std::optional<Timestamp> all_looked_at_;     // when the last look at all records of all pairs began
  std::optional<Timestamp> purged_;
  Counter expired_{0};
  Counter surplus_{0};
  Counter contents_{0};
};

}  // namespace fw::logstore

#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/fair_share.h"
#include "capture/committer/committer.h"
#include "record/interaction.h"

namespace fw::capture {

struct Waiter;

/// The records of one commit() or offer(). They are appended together.
struct Pending {
  std::vector<record::Interaction> records;
  std::size_t count = 0;  ///< of them, also while they are elsewhere
  std::size_t bytes = 0;
  Instant since;
  std::string tenant;              ///< whose share of the queue they take
  std::shared_ptr<Waiter> waiter;  ///< null: nobody waits (any more)
  std::uint64_t number = 0;        ///< in the order of their taking; set by the queue
  bool has_failed = false;         ///< was held back before
};

/// What lies between the ways in and the disk, who may come in, and whose turn it is. Plain data: not thread-safe, no
/// clock of its own.
///
/// 1. Bytes are held from take() until release(), so a group that is being written counts.
/// 2. Those who can wait never fill the last quarter: it is kept for those who cannot. Of what each kind may fill, the
///    last quarter is for tenants with less than an equal share (base/fair_share.h).
/// 3. Nobody who waits for room is overtaken by a later one of the same tenant, nor one whose tenant has a right to the
///    next room by anybody.
/// 4. Tenants take turns, each as many bytes (deficit round robin: Shreedhar and Varghese, 1995); what a tenant has
///    sent keeps its order, and what was held back is at its head.
class CommitQueue final {
 public:
  /// What a tenant may have written before it is another's turn.
  static constexpr std::size_t kTurnBytes = std::size_t{256} << 10;

  explicit CommitQueue(const CommitterOptions& options) : options_(options) {}

  /// Room for one who cannot wait.
  [[nodiscard]] bool has_room(const std::string& tenant, std::size_t bytes) const {
    return fits(claim_of(tenant, bytes, options_.max_queued_bytes));
  }
  void take(Pending pending);
  /// Takes it, or has one who can wait stand in line (false). A batch larger than the queue may come in when it is
  /// empty: it is in memory anyway.
  [[nodiscard]] bool come_in(Pending pending);
  /// Takes a waiter out of the line; how many records it stood there with.
  std::size_t leave_line(const Waiter* waiter);
  [[nodiscard]] std::vector<Pending> empty_line();

  /// The next records to be written: whole batches, one at least. Empty when nothing waits.
  [[nodiscard]] std::vector<Pending> next_group();
  /// As much is queued as one group may hold.
  [[nodiscard]] bool has_a_whole_group() const {
    return bytes_ >= options_.max_group_bytes || records_ >= options_.max_group_records;
  }
  /// Puts what the store did not take, and nobody waits for, aside until retry().
  void hold_back(Pending pending);
  [[nodiscard]] bool has_held_back() const { return !held_back_.empty(); }
  void retry();
  /// Gives the room of what was written, or given up, back; then let_in().
  void release(const Pending& pending);
  /// Lets in those who stand in line and now find room, tenant by tenant.
  void let_in();

  /// The last number given; 0 before the first.
  [[nodiscard]] std::uint64_t last_number() const { return last_number_; }
  /// How many were taken and not released.
  [[nodiscard]] std::size_t entries() const { return entries_; }
  [[nodiscard]] bool is_empty() const { return turns_.empty(); }
  /// How many wait for what is in the queue.
  [[nodiscard]] std::size_t waited_for() const { return waited_for_; }
  [[nodiscard]] std::size_t in_line() const;  ///< records
  [[nodiscard]] std::size_t queued_records() const { return records_; }
  [[nodiscard]] std::size_t queued_bytes() const { return bytes_; }
  /// Since when the oldest waits that is in the queue or held back.
  [[nodiscard]] std::optional<Instant> oldest() const;

 private:
  struct Tenant {
    std::deque<Pending> queue;
    std::deque<Pending> line;
    std::size_t bytes = 0;   // held
    std::size_t credit = 0;  // that may be written before its turn is over
  };

  [[nodiscard]] FairClaim claim_of(const std::string& tenant, std::size_t bytes, std::size_t room) const;
  [[nodiscard]] bool fits(const FairClaim& claim) const { return bytes_ == 0 || claim.is_granted(); }
  [[nodiscard]] FairClaim claim_in_line(const Pending& pending) const {
    return claim_of(pending.tenant, pending.bytes, options_.max_queued_bytes - options_.max_queued_bytes / 4);
  }
  /// It waits for room alone, not for its tenant's share.
  [[nodiscard]] bool is_next(const FairClaim& claim) const {
    return bytes_ > 0 && !claim.has_room() && !claim.is_beyond_share();
  }
  void forget_if_idle(const std::string& tenant);

  CommitterOptions options_;
  std::unordered_map<std::string, Tenant> tenants_;  // that hold something or stand in line
  std::deque<Tenant*> turns_;                        // that have something in the queue; the first has the turn
  std::deque<Tenant*> lines_;                        // of which somebody stands in line
  std::deque<Pending> held_back_;
  std::size_t waited_for_ = 0;  // entries in the queue
  std::size_t entries_ = 0;
  std::size_t records_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t last_number_ = 0;
};

/// What a record takes in memory.
[[nodiscard]] std::size_t bytes_of(const record::Interaction& record);

}  // namespace fw::capture

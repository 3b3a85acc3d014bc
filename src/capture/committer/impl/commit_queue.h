#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
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
  std::shared_ptr<Waiter> waiter;  ///< null: nobody waits (any more)
  std::uint64_t number = 0;        ///< in the order of their taking; set by the queue
  bool has_failed = false;         ///< was held back before
};

/// What lies between the doors and the disk, and who may come in. Plain data: not thread-safe, no clock of its own.
///
/// 1. Bytes are held from take() until settle(), so a group that is being written counts.
/// 2. Those who can wait never fill the last quarter: it is kept for those who cannot.
/// 3. Nobody who waits for room is overtaken by one who comes later and could wait too.
/// 4. What is held back is older than everything in the queue.
class CommitQueue final {
 public:
  explicit CommitQueue(const CommitterOptions& options) : options_(options) {}

  /// Room for one who cannot wait.
  [[nodiscard]] bool has_room(std::size_t bytes) const { return fits(bytes, options_.max_queued_bytes); }
  /// Room for one who can. A batch larger than the queue may come in when it is empty: it is in memory anyway.
  [[nodiscard]] bool has_room_and_no_line(std::size_t bytes) const {
    return line_.empty() && fits(bytes, waiting_limit());
  }
  void take(Pending pending);

  void stand_in_line(Pending pending) { line_.push_back(std::move(pending)); }
  /// Takes a waiter out of the line; how many records it stood there with.
  std::size_t leave_line(const Waiter* waiter);
  [[nodiscard]] std::vector<Pending> empty_line();

  /// The next records to be written, oldest first: whole batches, one at least. Empty when nothing waits.
  [[nodiscard]] std::vector<Pending> next_group();
  /// As much is queued as one group may hold.
  [[nodiscard]] bool has_a_whole_group() const {
    return bytes_ >= options_.max_group_bytes || records_ >= options_.max_group_records;
  }
  /// Puts what the store did not take, and nobody waits for, aside until retry().
  void hold_back(Pending pending);
  [[nodiscard]] bool has_held_back() const { return !held_back_.empty(); }
  void retry();
  /// Gives the room of written or given up records back, and lets in those who stand in line.
  void settle(std::size_t records, std::size_t bytes);

  /// The last number given; 0 before the first.
  [[nodiscard]] std::uint64_t last_number() const { return last_number_; }
  /// The lowest number that is not settled, apart from a group in the writer's hands.
  [[nodiscard]] std::uint64_t oldest_number() const;
  [[nodiscard]] bool is_empty() const { return queue_.empty(); }
  /// How many wait for what is in the queue.
  [[nodiscard]] std::size_t waited_for() const { return waited_for_; }
  [[nodiscard]] std::size_t in_line() const;  ///< records
  [[nodiscard]] std::size_t queued_records() const { return records_; }
  [[nodiscard]] std::size_t queued_bytes() const { return bytes_; }
  [[nodiscard]] std::optional<Instant> oldest() const;

 private:
  [[nodiscard]] bool fits(std::size_t bytes, std::size_t limit) const {
    return bytes_ == 0 || (bytes <= limit && bytes_ <= limit - bytes);
  }

  [[nodiscard]] std::size_t waiting_limit() const { return options_.max_queued_bytes - options_.max_queued_bytes / 4; }

  CommitterOptions options_;
  std::deque<Pending> line_;
  std::deque<Pending> queue_;
  std::deque<Pending> held_back_;
  std::size_t waited_for_ = 0;  // entries of queue_
  std::size_t records_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t last_number_ = 0;
};

/// What a record takes in memory.
[[nodiscard]] std::size_t bytes_of(const record::Interaction& record);

}  // namespace fw::capture

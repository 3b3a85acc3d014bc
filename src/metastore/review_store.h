#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace fw::metastore {

/// A review of what a run's candidate answered otherwise than production. Its items never change, but for those that
/// are erased; items and labels are added.
struct ReviewRow {
  std::string id;
  std::string job_id;
  Timestamp created_at;
  std::string data;  ///< JSON; what is reviewed
};

/// One row that is to be judged. `head` is what the queue needs, `body` what the card shows; both JSON.
struct ReviewItemRow {
  std::string record_id;
  std::string head;
  std::string body;
};

/// What one person said of one item. Numbers begin at 1 within the store; the last of a person on an item counts.
struct ReviewLabelRow {
  std::int64_t number = 0;
  std::string record_id;
  std::string person;
  Timestamp at;
  std::string data;  ///< JSON; empty: what was said before is withdrawn
};

/// Reviews, their items and labels. Every member that writes is one transaction, durable on return. Any thread; blocks.
/// The store does not know what the JSON means. A review outlives its job.
class ReviewStore {
 public:
  virtual ~ReviewStore() = default;

  /// Jobs that were looked at, with a review or without.
  [[nodiscard]] virtual Result<std::vector<std::string>> considered_jobs() = 0;
  /// Notes that the job was looked at and needs no review.
  [[nodiscard]] virtual Status pass_over(const std::string& job_id) = 0;
  /// kAlreadyExists when the job has a review. Items stay in their order.
  [[nodiscard]] virtual Status create_review(const ReviewRow& review, std::span<const ReviewItemRow> items) = 0;
  /// After all others. kAlreadyExists when the review has the record, kNotFound for an unknown review.
  [[nodiscard]] virtual Status add_item(const std::string& review_id, const ReviewItemRow& item) = 0;
  /// The newest first.
  [[nodiscard]] virtual Result<std::vector<ReviewRow>> reviews() = 0;
  [[nodiscard]] virtual Result<std::optional<ReviewRow>> review(const std::string& id) = 0;
  /// In their order, without bodies.
  [[nodiscard]] virtual Result<std::vector<ReviewItemRow>> review_items(const std::string& review_id) = 0;
  [[nodiscard]] virtual Result<std::optional<ReviewItemRow>> review_item(const std::string& review_id,
                                                                         const std::string& record_id) = 0;
  /// All or none; numbers are given here. kNotFound for an unknown item.
  [[nodiscard]] virtual Status add_labels(const std::string& review_id, std::span<const ReviewLabelRow> labels) = 0;
  /// Deletes these items, with all that was said of them, so that their bytes are overwritten; returns how many there
  /// were.
  [[nodiscard]] virtual Result<std::uint64_t> remove_items(const std::string& review_id,
                                                           std::span<const std::string> record_ids) = 0;
  /// In the order in which they were given.
  [[nodiscard]] virtual Result<std::vector<ReviewLabelRow>> labels(const std::string& review_id) = 0;
};

}  // namespace fw::metastore

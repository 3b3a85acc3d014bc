#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "dataset/corrections.h"
#include "metastore/review_store.h"
#include "review/queue.h"
#include "review/verdict.h"

namespace fw::review {

struct Review {
  std::string id;
  std::string job_id;
  Timestamp created_at;
  Subject subject;
};

/// A review with all that was said, without the items' bodies.
struct WholeReview {
  Review review;
  std::vector<Item> items;    ///< in the queue's order
  std::vector<Label> labels;  ///< that count: the last of every person on every row, in the order of the rows' first
};

/// Reviews in their store. Any thread; blocks: on a `disk` pool.
class Reviews final {
 public:
  Reviews(metastore::ReviewStore& store, const Clock& clock, ReviewSettings settings)
      : store_(store),
        clock_(clock),
        settings_(std::move(settings)),
        revision_(static_cast<std::uint64_t>(clock.now().time_since_epoch().count())) {}

  [[nodiscard]] const ReviewSettings& settings() const { return settings_; }
  /// Another number whenever a review, a row or a label has come or gone; does not block.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }
  /// Jobs that were looked at.
  [[nodiscard]] Result<std::vector<std::string>> considered() { return store_.considered_jobs(); }
  [[nodiscard]] Status pass_over(const std::string& job_id) { return store_.pass_over(job_id); }
  /// Opens a review of an ended job, out of its report. kFailedPrecondition when there is nothing to judge,
  /// kAlreadyExists when it has one.
  [[nodiscard]] Result<std::string> open(const std::string& job_id, const std::string& report) {
    return open(job_id, report, /*may_be_empty=*/false);
  }
  /// The same for rows that are still to come: the evaluation's may be none.
  [[nodiscard]] Result<std::string> open_for_shadow(const std::string& job_id, const std::string& report) {
    return open(job_id, report, /*may_be_empty=*/true);
  }
  /// Adds a divergence of live traffic at the queue's end. False, and nothing is kept, where as many as
  /// `max_shadow_rows` wait for a first verdict, or the row is in the review.
  [[nodiscard]] Result<bool> take(const std::string& id, const Divergence& divergence);

  /// Told of every review that was opened, from the thread that opened it. Before the first is.
  void set_on_open(std::function<void(const std::string& id, const std::string& job_id)> told) {
    on_open_ = std::move(told);
  }

  /// The newest first.
  [[nodiscard]] Result<std::vector<Review>> list();
  [[nodiscard]] Result<WholeReview> whole(const std::string& id);
  /// Every corrected answer that counts, of the reviews of this traffic: the oldest review first.
  [[nodiscard]] Result<std::vector<dataset::Correction>> corrections(const record::WorkloadId& workload,
                                                                     const record::ClientId& client);
  /// With its body.
  [[nodiscard]] Result<Item> item(const std::string& id, const std::string& record_id);
  /// Keeps what a person says of a row; with `whole_group`, of every row that looks alike and that they have not judged
  /// yet too. Returns how many rows were labelled.
  [[nodiscard]] Result<std::uint64_t> label(const std::string& id, Label label, bool whole_group);
  /// A row of a review.
  struct RowName {
    std::string review_id;
    std::string record_id;
  };
  /// The rows made of these records, and those of which `holds` says that a text of theirs, or of what was said of
  /// them, is meant; `holds`, given JSON, may be absent.
  [[nodiscard]] Result<std::vector<RowName>> rows_of(const std::set<std::string>& records,
                                                     const std::function<bool(std::string_view json)>& holds);
  /// Deletes the rows with all that was said of them; returns how many there were. A review says of its rest what it
  /// said before.
  [[nodiscard]] Result<std::uint64_t> erase(std::span<const RowName> rows);
  /// Takes back what a person said of a row; with `whole_group`, what they said of others with that verdict too, where
  /// they have said nothing else since. Returns of how many rows; all or none.
  [[nodiscard]] Result<std::uint64_t> withdraw(const std::string& id, const std::string& record_id,
                                               const std::string& person, bool whole_group);

 private:
  [[nodiscard]] Result<std::string> open(const std::string& job_id, const std::string& report, bool may_be_empty);
  [[nodiscard]] Result<Review> find(const std::string& id);
  [[nodiscard]] Result<std::vector<Label>> labels_that_count(const std::string& id);

  metastore::ReviewStore& store_;
  const Clock& clock_;
  ReviewSettings settings_;
  std::function<void(const std::string&, const std::string&)> on_open_;
  std::mutex taking_;                    // what waits is counted, then one is added
  std::atomic<std::uint64_t> revision_;  // begins with the time: after a restart it is another one
};

}  // namespace fw::review

#pragma once

#include <mutex>
#include <set>
#include <string>

#include "async/pool.h"
#include "async/task_group.h"
#include "review/reviews.h"
#include "runs/run_service.h"

namespace fw::review {

/// Opens reviews of ended runs as `review.open` says, and of any that a person asks for. Each job is looked at once,
/// also across restarts. start() after the run service's, stop() before it; everything passed outlives this.
class ReviewOpener final {
 public:
  ReviewOpener(runs::RunService& runs, Reviews& reviews, Pool& disk, const Executor& executor)
      : runs_(runs), reviews_(reviews), disk_(disk), tasks_(executor) {}

  void start();
  [[nodiscard]] Task<void> stop();

  /// Opens a review of an ended job; the id of its review, also when it has one already.
  [[nodiscard]] Task<Result<std::string>> open(runs::JobId job);
  /// Puts a divergence of live traffic before people: in the review of its job, if that is of the same candidate; where
  /// there is none, one is opened as `review.open` says. Names the review; empty: none took it.
  [[nodiscard]] Task<Result<std::string>> take(Divergence divergence);

 private:
  Task<void> watch();
  Task<Status> look(Deadline deadline);
  Task<Status> consider(runs::JobId job);
  [[nodiscard]] bool wants(const std::string& report) const;
  [[nodiscard]] Task<Status> open_for_shadow(std::string job);
  /// The review of the divergence's candidate; empty: there is none.
  [[nodiscard]] Result<std::string> review_of(const Divergence& divergence, bool& has_one);

  runs::RunService& runs_;
  Reviews& reviews_;
  Pool& disk_;
  std::mutex mutex_;             // guards the next
  std::set<std::string> asked_;  // jobs without a review whose report was looked at for one
  TaskGroup tasks_;
};

}  // namespace fw::review

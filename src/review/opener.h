#pragma once

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

 private:
  Task<void> watch();
  Task<Status> look(Deadline deadline);
  Task<Status> consider(runs::JobId job);

  runs::RunService& runs_;
  Reviews& reviews_;
  Pool& disk_;
  TaskGroup tasks_;
};

}  // namespace fw::review

#pragma once

#include "async/task_group.h"
#include "runs/run_service.h"

namespace fw::runs {

/// Delivers webhooks until their receivers have taken them or their attempts are used up; every attempt is recorded. A
/// delivery that a stop interrupts is taken up at the next start. Members run on the group's executor.
class WebhookDispatcher final {
 public:
  /// All outlive the dispatcher; the group is joined before it goes.
  WebhookDispatcher(RunDependencies& dependencies, const RunOptions& options, TaskGroup& group)
      : dependencies_(dependencies), options_(options), group_(group) {}
  WebhookDispatcher(const WebhookDispatcher&) = delete;
  WebhookDispatcher& operator=(const WebhookDispatcher&) = delete;

  /// Takes up every delivery that is pending in the store.
  [[nodiscard]] Task<Status> resume();
  /// Takes up the pending deliveries of a job that has just ended.
  [[nodiscard]] Task<Status> dispatch(std::string job_id);

 private:
  void start(std::vector<metastore::Delivery> deliveries);
  [[nodiscard]] Task<void> deliver(metastore::Delivery delivery);
  [[nodiscard]] Task<metastore::Attempt> attempt(metastore::Delivery delivery, Deadline deadline);

  RunDependencies& dependencies_;
  const RunOptions& options_;
  TaskGroup& group_;
};

}  // namespace fw::runs

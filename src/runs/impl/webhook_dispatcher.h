#pragma once

#include "async/task_group.h"
#include "runs/run_service.h"

namespace fw::runs {

/// Delivers webhooks until their receivers have taken them or their attempts are used up; every attempt is recorded. A
/// delivery that a stop interrupts is taken up at the next start.
class WebhookDispatcher final {
 public:
  /// All outlive the dispatcher.
  WebhookDispatcher(RunDependencies& dependencies, const RunOptions& options, TaskGroup& group)
      : dependencies_(dependencies), options_(options), group_(group) {}
  WebhookDispatcher(const WebhookDispatcher&) = delete;
  WebhookDispatcher& operator=(const WebhookDispatcher&) = delete;

  /// The pending deliveries of the lease's job, all at once, to their ends or the group's stop.
  [[nodiscard]] Task<Status> dispatch(metastore::Lease lease);

 private:
  [[nodiscard]] Task<void> deliver(metastore::Lease lease, metastore::Delivery delivery);
  [[nodiscard]] Task<metastore::Attempt> attempt(metastore::Delivery delivery, Deadline deadline);

  RunDependencies& dependencies_;
  const RunOptions& options_;
  TaskGroup& group_;
};

}  // namespace fw::runs

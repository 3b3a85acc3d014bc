#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "async/task_group.h"
#include "runs/impl/job_table.h"
#include "runs/impl/webhook_dispatcher.h"

namespace fw::runs {

/// Runs what this worker has claimed in the store, and nothing else. Claims are leases: renewed while the work goes on,
/// given back after it; a job whose lease is lost is left where it stands, for it is another worker's.
///
/// Several workers may share one store. Members may be called from any thread.
class Scheduler final {
 public:
  /// All outlive the scheduler; the group is joined before it goes.
  Scheduler(RunDependencies& dependencies, const RunOptions& options, JobTable& jobs, TaskGroup& group);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Takes up what waits, and from now on what comes.
  void start();
  /// Runs end where they stand, new ones do not begin. What was begun is in the group.
  void stop();
  /// Looks for work, now: there may be some.
  void look();
  /// Somebody wrote events of a job that is run here. When it was under a later lease than the one here, this one is
  /// lost, and the run ends where it stands.
  void hear_of_writer(const std::shared_ptr<JobRecord>& record, const metastore::Notice& events);
  /// Runs the job out of its turn if nobody has it: one that is to be cancelled has nothing left to wait for.
  [[nodiscard]] Task<Status> run_now(std::shared_ptr<JobRecord> record);

  /// Why no job could be claimed when that was last tried; success when it could.
  [[nodiscard]] Status trouble() const;

 private:
  using Record = std::shared_ptr<JobRecord>;
  [[nodiscard]] Task<void> keep();
  [[nodiscard]] Task<void> take_runs();
  [[nodiscard]] Task<void> take_deliveries();
  /// One claimed job: begun, unless the service stops.
  [[nodiscard]] Task<void> begin(metastore::Lease lease, bool takes_place);
  [[nodiscard]] Task<void> run(Record record, bool takes_place);
  [[nodiscard]] Task<void> end_given_up(Record record, Error error);
  [[nodiscard]] Task<void> deliver(std::string job_id);
  [[nodiscard]] Task<void> renew_all();
  [[nodiscard]] Task<void> give_back(std::string job_id);
  [[nodiscard]] Task<void> release(metastore::Lease lease);
  [[nodiscard]] Task<Result<std::optional<metastore::Lease>>> claim_next(metastore::MetaStore::Work work);
  void note_claim(Status claimed);
  /// False when the service stops: then the lease is for nobody here.
  [[nodiscard]] bool remember(const metastore::Lease& lease);
  void forget(const metastore::Lease& lease);
  /// The job's last lease, if it is this worker's.
  [[nodiscard]] std::optional<metastore::Lease> held(const std::string& job_id);
  void spawn(std::string_view name, Task<void> task);
  void free_place();

  RunDependencies& dependencies_;
  const RunOptions& options_;
  JobTable& jobs_;
  TaskGroup& group_;
  WebhookDispatcher webhooks_;
  const std::string worker_;

  mutable std::mutex mutex_;
  std::map<std::string, metastore::Lease> leases_;
  int running_ = 0;
  bool is_looking_ = false;
  bool looks_again_ = false;  ///< there was word of work while is_looking_
  bool is_stopping_ = false;
  Status trouble_;
};

}  // namespace fw::runs

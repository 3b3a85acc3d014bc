#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/pool.h"
#include "async/task.h"
#include "base/clock.h"
#include "dataset/corrections.h"
#include "dataset/settings.h"
#include "logstore/log_store.h"
#include "metastore/meta_store.h"
#include "modelops/dataset_store.h"
#include "modelops/deployer.h"
#include "modelops/embedder.h"
#include "modelops/evaluator.h"
#include "modelops/trainer.h"
#include "runs/engine_log.h"
#include "runs/job.h"
#include "runs/run_config.h"
#include "runs/subscription.h"
#include "runs/webhook.h"
#include "workflow/retry.h"

namespace fw::runs {

/// What a run works with. Everything outlives the service.
struct RunDependencies {
  Executor executor;  ///< where runs and waits live; each run gets a strand of its own
  Pool& disk;
  Pool& cpu;
  const Clock& clock;
  metastore::MetaStore& store;
  logstore::LogStore& log;
  modelops::DatasetStore& datasets;
  modelops::Deployer& deployer;
  modelops::Trainer& trainer;
  modelops::Evaluator& evaluator;
  modelops::Embedder& embedder;
  WebhookPoster& poster;
};

struct RunOptions {
  std::filesystem::path folder;                      ///< results, checkpoints, adapters and reports: one folder a job
  RunConfig config;                                  ///< for new jobs; each keeps a copy of what it began with
  std::string public_url = "http://127.0.0.1:8000";  ///< how receivers of webhooks reach this service
  int concurrent_jobs = 1;
  std::string worker;                         ///< names this process where several share a store; drawn when empty
  Duration lease = std::chrono::seconds(30);  ///< a job whose worker is silent for so long is another's to take
  Duration deploy_timeout = std::chrono::minutes(10);
  /// For records that are acknowledged and not yet to be read, before the window is read without them.
  Duration log_settles = std::chrono::seconds(30);
  /// While the log store is away: some ten minutes.
  workflow::RetryPolicy store_retry{.max_attempts = 14,
                                    .first_pause = std::chrono::seconds(2),
                                    .factor = 2.0,
                                    .longest_pause = std::chrono::minutes(1)};
  workflow::RetryPolicy judge_retry{.max_attempts = 3, .first_pause = std::chrono::seconds(10), .factor = 2.0};
  workflow::RetryPolicy webhook_retry{.first_pause = std::chrono::seconds(2), .factor = 4.0};
  /// Between tries to write that a job was given up, when the store fails.
  workflow::RetryPolicy give_up_retry{
      .first_pause = std::chrono::seconds(1), .factor = 2.0, .longest_pause = std::chrono::seconds(30)};
  /// The environment; a test gives its own.
  std::function<std::optional<std::string>(const std::string&)> environment;
  /// What people say should have been answered, of a workload's traffic; blocks. Absent: nobody is asked.
  std::function<Result<std::vector<dataset::Correction>>(const record::WorkloadId&, const record::ClientId&)>
      corrections;
  /// Takes out of a line of an engine's log what must not be kept. Any thread. Absent: nothing.
  std::function<std::string(std::string)> redact;
};

struct JobRequest {
  record::WorkloadId workload;
  record::ClientId client;
  /// Instead of the configuration's. A caller that has only some of the keys starts from config().split.
  std::optional<dataset::SplitSettings> split;
  /// The run makes its datasets and ends: no candidate is asked, nobody is told by a webhook.
  bool datasets_only = false;
};

/// A report, and the bytes of it that a signature names.
struct SignedReport {
  std::string text;        ///< its files where they lie now
  std::string as_written;  ///< paths into a data folder that was moved since are old
};

/// A part of the list of jobs.
struct JobPage {
  std::vector<Job> jobs;
  /// Goes on after the last of them, also when it has been deleted meanwhile; absent at the end.
  std::optional<std::int64_t> next;
};

/// The flywheel's runs: takes jobs, runs them one after another, each as durable steps, and tells who asks. Safe to use
/// from any thread; members that return a Task may wait for the disk, the others read memory.
///
/// Invariants: (1) what create() returned survives `kill -9`; (2) a finished step is never run again; (3) a job that
/// was not finished when the service ended goes on at the next start(); (4) a cancelled job ends within two seconds if
/// the four interfaces keep their contracts.
///
/// stop() must be awaited before destruction, and before the executor's threads end.
class RunService final {
 public:
  RunService(RunDependencies dependencies, RunOptions options);
  ~RunService();
  RunService(const RunService&) = delete;
  RunService& operator=(const RunService&) = delete;

  /// Instead of the options': a service may learn its own port only when it listens. Before start().
  void set_public_url(std::string url);
  /// Reads all jobs, takes up deletions, and of unfinished jobs and undelivered webhooks what it can claim. An error
  /// when the store cannot be read.
  [[nodiscard]] Task<Status> start();
  /// kUnavailable until start() has read all jobs; so do the members below that know a job by its id, or make one:
  /// before that nobody can say that a job does not exist.
  [[nodiscard]] Status loaded() const;
  /// Ends runs where they stand (they go on at the next start) and waits for them.
  [[nodiscard]] Task<void> stop();

  /// What new jobs run with.
  [[nodiscard]] const RunConfig& config() const;

  /// Queues a job. kInvalidArgument for a bad split, an empty id, or a holdout_job that is unknown or of other traffic;
  /// kFailedPrecondition where that has made no datasets.
  [[nodiscard]] Task<Result<Job>> create(JobRequest request);
  /// All jobs, newest first.
  [[nodiscard]] std::vector<Job> list() const;
  /// Why waiting jobs do not begin: the store took no claim when that was last tried (a full disk). They begin when it
  /// does.
  [[nodiscard]] Status trouble() const;
  /// Up to `limit` jobs, newest first, that were created before the page's cursor (absent: from the newest on).
  [[nodiscard]] JobPage list(std::size_t limit, std::optional<std::int64_t> cursor) const;
  [[nodiscard]] Result<Job> find(const JobId& id) const;
  /// kNotFound, or kFailedPrecondition when it has ended. On return the cancel is durable; the job ends soon after.
  [[nodiscard]] Task<Status> cancel(JobId id);
  /// Removes a finished job and all it made, in the background; what cannot be removed is logged. kNotFound, or
  /// kFailedPrecondition while it is unfinished. On return the job is gone from list().
  [[nodiscard]] Task<Status> remove(JobId id);
  /// The report as JSON text (docs/formats/report.md), its files where they lie now; of an unfinished job as far as it
  /// has come.
  [[nodiscard]] Task<Result<std::string>> report(JobId id);
  [[nodiscard]] Task<Result<SignedReport>> signed_report(JobId id);
  /// What the engines of a candidate's deployments wrote last, in the order of their stages: of the one that is up in
  /// this process as it stands, of others what was kept when they were taken down. Empty for a candidate that had none.
  /// kNotFound for an unknown job, or a number that it has no candidate of.
  [[nodiscard]] Task<Result<std::vector<EngineLogPart>>> engine_logs(JobId id, std::size_t candidate);
  /// The job's events after `after` (0: from the beginning), then live ones.
  [[nodiscard]] Result<Subscription> subscribe(const JobId& id, std::int64_t after);
  /// The webhook deliveries of a job with every attempt.
  [[nodiscard]] Task<Result<std::vector<metastore::Delivery>>> deliveries(JobId id);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::runs

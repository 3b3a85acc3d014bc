#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "async/pool.h"
#include "io/moved_folder.h"
#include "metastore/meta_store.h"
#include "modelops/engine_log.h"
#include "runs/impl/wakeup.h"
#include "runs/job_event.h"
#include "runs/run_config.h"
#include "runs/subscription.h"

namespace fw::runs {

/// The engine that a run has up, or is bringing up.
struct RunningEngine {
  std::size_t candidate = 0;
  Stage stage;  ///< that deploys it
  std::shared_ptr<modelops::EngineLog> log;
};

/// A job in memory: its state, its readers, its stop. Safe from any thread. It follows the store: durable events are
/// written there first and applied in the order of the store's numbers, whoever wrote them, so that memory never knows
/// more than the disk and stages that write at once need not know of each other.
class JobRecord final {
 public:
  /// A job whose events, if there are any, are applied with catch_up(). `jobs_folder`: where all jobs' folders lie.
  JobRecord(JobId id, RunConfig config, metastore::MetaStore& store, Pool& disk, const Clock& clock,
            std::filesystem::path jobs_folder);
  JobRecord(const JobRecord&) = delete;
  JobRecord& operator=(const JobRecord&) = delete;

  [[nodiscard]] const JobId& id() const { return id_; }
  [[nodiscard]] const RunConfig& config() const { return config_; }
  /// With its files where they lie now.
  [[nodiscard]] Job snapshot() const;
  /// Of the data folder, while the job ran: for what is read out of its journal and its report.
  [[nodiscard]] io::MovedFolder places() const;
  /// Its configuration with the files where they lie now. After the first catch_up(), before anybody else has it.
  void find_files();
  [[nodiscard]] JobStatus status() const;
  [[nodiscard]] std::int64_t last_event() const;
  /// Job::dataset_stamp: grows from each job to the next.
  [[nodiscard]] std::int64_t stamp() const;

  /// Applies all that the store holds and this record does not know yet, and tells the readers. Blocks.
  [[nodiscard]] Status catch_up();

  /// An event that happens now.
  template <class What>
  [[nodiscard]] JobEvent event(What what) const {
    return {clock_.now(), std::move(what)};
  }
  /// The form of `events` in the store.
  [[nodiscard]] static std::vector<metastore::NewEvent> rows_of(const std::vector<JobEvent>& events);
  /// `events` are in the store, the last of them under this number: applies them and what came before. Blocks when
  /// somebody else wrote meanwhile.
  [[nodiscard]] Status follow(const std::vector<JobEvent>& events, std::int64_t last);
  /// Applied here, and announced through the store to the readers of all workers.
  void publish(const JobProgress& progress);
  void hear(const metastore::Notice& progress);

  /// This process runs the job from now on. A stop of a run before is forgotten, a cancel is not.
  void hold(metastore::Lease lease);
  /// Nothing more is written from here. The same lease is given back to the store by who took it.
  void let_go();
  [[nodiscard]] bool is_held() const { return lease().epoch > 0; }

  // All that is written needs the lease. Events are applied once they are durable.

  /// Throws workflow::JournalFailure when the store fails or the job is another worker's.
  [[nodiscard]] Task<void> append(std::vector<JobEvent> events);
  [[nodiscard]] Task<Status> end_step(metastore::StepRow step, std::vector<JobEvent> events);
  /// The job's end and the webhooks that tell of it. Throws as append() does.
  [[nodiscard]] Task<void> finish(std::vector<JobEvent> events, std::vector<metastore::Delivery> deliveries);

  void request_cancel();
  [[nodiscard]] bool cancel_requested() const;
  /// What a cancel, a stop of the service and the loss of the lease end.
  [[nodiscard]] std::stop_source stop() const;

  void mark_deleted();
  [[nodiscard]] bool is_deleted() const;
  /// The run ended without a durable end (the store failed): readers and list() are told why.
  void mark_given_up(const Error& error);
  /// Writes the end that mark_given_up told, and the webhooks that tell of it. May be tried again when the store fails.
  [[nodiscard]] Task<Status> finish_given_up(Error error, std::vector<metastore::Delivery> deliveries);

  /// The report of the state after event number `at`, if it was kept.
  [[nodiscard]] std::optional<std::string> kept_report(std::int64_t at) const;
  void keep_report(std::int64_t at, std::string report);

  /// Absent while none is up here.
  [[nodiscard]] std::optional<RunningEngine> engine() const;
  void set_engine(std::optional<RunningEngine> engine);

  void add_reader(const std::shared_ptr<Subscription::State>& reader);
  [[nodiscard]] metastore::MetaStore& store() { return store_; }
  [[nodiscard]] Pool& disk() { return disk_; }

 private:
  using Write = std::function<Result<std::int64_t>(const metastore::Lease&, std::span<const metastore::NewEvent>)>;
  /// Writes on the disk's threads, then applies.
  [[nodiscard]] Task<Status> write(std::vector<JobEvent> events, Write write);
  [[nodiscard]] metastore::Lease lease() const;
  [[nodiscard]] std::vector<std::shared_ptr<Subscription::State>> readers();
  void wake_readers();

  const JobId id_;
  RunConfig config_;
  metastore::MetaStore& store_;
  Pool& disk_;
  const Clock& clock_;
  const std::filesystem::path jobs_folder_;

  mutable std::mutex mutex_;
  std::stop_source stop_;
  metastore::Lease lease_;
  Job job_;  // as it was written down
  std::int64_t last_event_ = 0;
  bool is_deleted_ = false;
  std::int64_t report_at_ = 0;  ///< the event that report_ was made after
  std::optional<RunningEngine> engine_;
  std::string report_;  ///< of the unfinished job; empty: none is kept
  std::vector<std::weak_ptr<Subscription::State>> readers_;
};

/// What a Subscription knows. Progress events remember after which durable event they happened, so that a reader gets
/// both in the order in which they came about.
struct Subscription::State {
  static constexpr std::size_t kMostProgress = 256;
  struct Progress {
    std::int64_t after = 0;
    std::string data;
  };

  State(std::shared_ptr<JobRecord> r, std::int64_t from, Executor executor)
      : record(std::move(r)), position(from), wakeup(std::make_shared<Wakeup>(std::move(executor))) {}

  void push(std::int64_t after, std::string data);
  /// The oldest progress event that happened before the durable event after `position`.
  [[nodiscard]] std::optional<std::string> pop();

  const std::shared_ptr<JobRecord> record;
  std::int64_t position;                   ///< number of the last durable event delivered; the reader's alone
  std::deque<metastore::EventRow> loaded;  ///< read from the store, not delivered; the reader's alone
  const std::shared_ptr<Wakeup> wakeup;

  std::mutex mutex;
  std::deque<Progress> progress;
};

}  // namespace fw::runs

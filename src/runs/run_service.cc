#include "runs/run_service.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/strand.hpp>
#include <cstdlib>
#include <mutex>
#include <set>

#include "async/task_group.h"
#include "base/log.h"
#include "base/random.h"
#include "io/file.h"
#include "runs/impl/clean_up.h"
#include "runs/impl/engine_log_file.h"
#include "runs/impl/job_places.h"
#include "runs/impl/job_table.h"
#include "runs/impl/json_fields.h"
#include "runs/impl/report_files.h"
#include "runs/impl/scheduler.h"
#include "runs/run_config_json.h"

namespace fw::runs {

namespace {

constexpr std::size_t kMostWaitingJobs = 1000;
constexpr std::size_t kLongestId = 256;

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

Status check_id(std::string_view what, const std::string& id) {
  if (id.empty()) return invalid_argument(std::string(what) + " is empty");
  if (id.size() > kLongestId) {
    return invalid_argument(std::string(what) + " is longer than " + std::to_string(kLongestId) + " bytes");
  }
  return {};
}

/// A seed that a JSON reader keeps exact.
std::uint64_t draw_seed() { return std::stoull(random_hex(6), nullptr, 16); }

constexpr std::string_view kHoldoutJob = "data_split_config.holdout_job: ";

/// The evaluation dataset of an earlier job, for another of the same traffic.
Result<modelops::DatasetRef> holdout_of(const Job& earlier, const record::WorkloadId& workload,
                                        const record::ClientId& client) {
  const std::string job = std::string(kHoldoutJob) + "job " + *earlier.id;
  if (earlier.workload != workload || earlier.client != client) {
    return invalid_argument(job + " is of workload \"" + *earlier.workload + "\" and client \"" + *earlier.client +
                            "\", not of \"" + *workload + "\" and \"" + *client + "\"; name a job of the same traffic");
  }
  for (const DatasetState& one : earlier.datasets) {
    if (one.name.starts_with("flywheel-eval-")) {
      return modelops::DatasetRef{one.name, one.digest, one.uri, one.num_records};
    }
  }
  return failed_precondition(job + " has made no datasets" +
                             (is_finished(earlier.status) ? "; name one that has" : " yet; wait for it"));
}

Error unknown_job(const JobId& id) { return not_found("job " + *id + " is not known"); }

}  // namespace

struct RunService::Impl {
  Impl(RunDependencies d, RunOptions o)
      : dependencies(std::move(d)), options(std::move(o)), group(dependencies.executor) {
    if (!options.environment) options.environment = process_environment;
  }

  using Record = std::shared_ptr<JobRecord>;

  [[nodiscard]] Status loaded() const {
    if (is_loaded) return {};
    return unavailable("the service is starting: jobs are being read; try again in a moment");
  }

  [[nodiscard]] Result<Record> find(const JobId& id) const {
    FW_TRY(loaded());
    if (auto record = jobs.find(id)) return record;
    return unknown_job(id);
  }

  void spawn(std::string_view name, Task<void> task) {
    group.spawn_on(boost::asio::make_strand(dependencies.executor), name, std::move(task));
  }

  void hear(const metastore::Notice& notice);
  /// Settles which rows a new job is evaluated on, where that is not left to the draw.
  [[nodiscard]] Status settle_holdout(const JobRequest& request, RunConfig& config) const;
  [[nodiscard]] Task<void> meet(JobId id);
  [[nodiscard]] Task<void> follow(Record record);
  [[nodiscard]] Task<void> delete_job(Record record);
  /// Blocks.
  [[nodiscard]] Result<std::string> written_report(JobRecord& record);

  RunDependencies dependencies;
  RunOptions options;
  TaskGroup group;
  JobTable jobs{dependencies, options};
  Scheduler scheduler{dependencies, options, jobs, group};
  std::atomic<bool> is_loaded = false;
  std::atomic<bool> is_stopping = false;

  std::mutex mutex;
  std::set<std::string> in_hand;  ///< jobs that this service is creating or removing: notices of them are its own
  std::unique_ptr<metastore::Listening> listening;
};

namespace {

/// A job in hand as long as this lives.
class InHand final {
 public:
  InHand(std::mutex& mutex, std::set<std::string>& ids, std::string id) : mutex_(mutex), ids_(ids), id_(std::move(id)) {
    const std::lock_guard lock(mutex_);
    ids_.insert(id_);
  }
  ~InHand() {
    const std::lock_guard lock(mutex_);
    ids_.erase(id_);
  }
  InHand(const InHand&) = delete;
  InHand& operator=(const InHand&) = delete;

 private:
  std::mutex& mutex_;
  std::set<std::string>& ids_;
  const std::string id_;
};

}  // namespace

RunService::RunService(RunDependencies dependencies, RunOptions options)
    : impl_(std::make_unique<Impl>(std::move(dependencies), std::move(options))) {}
RunService::~RunService() = default;

const RunConfig& RunService::config() const { return impl_->options.config; }

void RunService::set_public_url(std::string url) { impl_->options.public_url = std::move(url); }

Status RunService::loaded() const { return impl_->loaded(); }

/// What happens to jobs, by this service or another worker. What is durable of it is read from the store.
void RunService::Impl::hear(const metastore::Notice& notice) {
  using Kind = metastore::Notice::Kind;
  {
    const std::lock_guard lock(mutex);
    if (in_hand.contains(notice.job_id)) return;
  }
  const auto record = jobs.find(JobId(notice.job_id));
  switch (notice.kind) {
    case Kind::kCreated:
      if (!record) spawn("meet job", meet(JobId(notice.job_id)));
      return;
    case Kind::kReleased: return scheduler.look();
    case Kind::kEvents:
      if (!record) return;
      if (record->is_held()) return scheduler.hear_of_writer(record, notice);
      if (record->last_event() < notice.number) spawn("follow job", follow(record));
      return;
    case Kind::kCancelRequested:
      if (record) record->request_cancel();
      return;
    case Kind::kDeleteRequested:
      if (record) record->mark_deleted();
      jobs.forget(JobId(notice.job_id));
      return;
    case Kind::kProgress:
      if (record) record->hear(notice);
      return;
  }
}

Task<void> RunService::Impl::meet(JobId id) {
  const auto record = co_await run_on(dependencies.disk, [&] { return jobs.load(id); });
  if (!record.ok()) log_warning("runs", "new job not read", {{"job", *id}, {"error", record.error().message}});
  scheduler.look();
}

Task<void> RunService::Impl::follow(Record record) {
  const auto status = co_await run_on(dependencies.disk, [&] { return record->catch_up(); });
  if (!status.ok()) log_warning("runs", "events not read", {{"job", *record->id()}, {"error", status.error().message}});
}

Task<Status> RunService::start() {
  auto& impl = *impl_;
  impl.listening = impl.dependencies.store.listen([&impl](const auto& notice) { impl.hear(notice); });
  FW_CO_ASSIGN(const auto deletions, co_await run_on(impl.dependencies.disk, [&] { return impl.jobs.load_all(); }));
  impl.is_loaded = true;
  for (const auto& record : deletions) impl.spawn("delete job", impl.delete_job(record));
  impl.scheduler.start();
  co_return Status{};
}

Task<void> RunService::stop() {
  impl_->is_stopping = true;
  impl_->listening.reset();
  impl_->scheduler.stop();
  impl_->group.request_stop();
  co_await impl_->group.join();
}

Status RunService::Impl::settle_holdout(const JobRequest& request, RunConfig& config) const {
  if (config.split.holdout_job.empty()) return {};
  const auto id = parse_job_id(config.split.holdout_job);
  if (!id.ok()) return id.error().within("data_split_config.holdout_job");
  const auto earlier = jobs.find(*id);
  if (!earlier) {
    return invalid_argument(std::string(kHoldoutJob) + "job " + **id +
                            " is not known; flywheel jobs list says which are");
  }
  FW_ASSIGN(config.holdout, holdout_of(earlier->snapshot(), request.workload, request.client));
  config.split.holdout_job = **id;
  config.split.eval_size = config.holdout->num_records;
  return {};
}

namespace {

void add_plans(const RunConfig& config, JobCreated& created) {
  for (const auto& candidate : config.candidates) {
    created.candidates.push_back({candidate.model.name, candidate.customization_enabled});
  }
  if (config.judge) created.judge_model = config.judge->endpoint.model;
}

}  // namespace

Task<Result<Job>> RunService::create(JobRequest request) {
  auto& impl = *impl_;
  FW_CO_TRY(impl.loaded());
  FW_CO_TRY(check_id("workload_id", *request.workload));
  FW_CO_TRY(check_id("client_id", *request.client));
  RunConfig config = impl.options.config;
  if (request.split) config.split = *request.split;
  FW_CO_TRY(check(config.split));
  FW_CO_TRY(impl.settle_holdout(request, config));
  if (!config.split.random_seed) config.split.random_seed = draw_seed();
  if (impl.is_stopping) co_return unavailable("the service is stopping");
  if (impl.jobs.waiting() >= kMostWaitingJobs) {
    co_return resource_exhausted("1000 jobs wait already; cancel some, or try again when they have run");
  }
  JobCreated created{request.workload, request.client, *config.split.random_seed, 0, {}, std::nullopt};
  created.datasets_only = request.datasets_only;
  if (!request.datasets_only) add_plans(config, created);

  auto record = impl.jobs.make(JobId(random_hex(12)), config);
  const InHand in_hand(impl.mutex, impl.in_hand, *record->id());
  std::vector<JobEvent> events{record->event(std::move(created))};
  const auto numbered = [&events](std::int64_t number) {
    std::get<JobCreated>(events.front().what).dataset_stamp = number;
    return JobRecord::rows_of(events);
  };
  const metastore::JobRow row{.id = *record->id(), .created_at = events.front().at, .config = dump(to_json(config))};
  FW_CO_TRY(co_await run_on(impl.dependencies.disk, [&]() -> Status {
    const std::int64_t at_least = to_epoch_seconds(impl.dependencies.clock.now());
    FW_TRY(impl.dependencies.store.create_job(row, at_least, numbered));
    return record->follow(events, 1);
  }));
  record = impl.jobs.add(std::move(record));
  impl.scheduler.look();
  co_return record->snapshot();
}

Status RunService::trouble() const { return impl_->scheduler.trouble(); }

std::vector<Job> RunService::list() const { return list(SIZE_MAX, std::nullopt).jobs; }

JobPage RunService::list(std::size_t limit, std::optional<std::int64_t> cursor) const {
  std::vector<std::pair<std::int64_t, Impl::Record>> known;
  for (const auto& record : impl_->jobs.all()) {
    if (const auto stamp = record->stamp(); !cursor || stamp < *cursor) known.emplace_back(stamp, record);
  }
  std::ranges::sort(known, [](const auto& a, const auto& b) { return a.first > b.first; });
  JobPage page;
  for (const auto& [stamp, record] : known) {
    if (page.jobs.size() == limit) break;
    page.jobs.push_back(record->snapshot());
  }
  if (page.jobs.size() < known.size() && !page.jobs.empty()) page.next = page.jobs.back().dataset_stamp;
  return page;
}

Result<Job> RunService::find(const JobId& id) const {
  FW_ASSIGN(const auto record, impl_->find(id));
  return record->snapshot();
}

Task<Status> RunService::cancel(JobId id) {
  auto& impl = *impl_;
  FW_CO_ASSIGN(const auto record, impl.find(id));
  if (const auto status = record->snapshot().status; is_finished(status)) {
    co_return failed_precondition("job " + *id + " is " + std::string(to_string(status)) + " already");
  }
  FW_CO_TRY(co_await run_on(impl.dependencies.disk, [&] { return impl.dependencies.store.request_cancel(*id); }));
  record->request_cancel();
  if (record->is_held()) co_return Status{};
  co_return co_await impl.scheduler.run_now(record);  // only to end it
}

Task<Status> RunService::remove(JobId id) {
  auto& impl = *impl_;
  FW_CO_ASSIGN(auto record, impl.find(id));
  if (const auto status = record->snapshot().status; !is_finished(status)) {
    co_return failed_precondition("job " + *id + " is " + std::string(to_string(status)) + "; cancel it first");
  }
  const InHand in_hand(impl.mutex, impl.in_hand, *id);
  FW_CO_TRY(co_await run_on(impl.dependencies.disk, [&] { return impl.dependencies.store.request_delete(*id); }));
  if (!impl.jobs.forget(id)) co_return unknown_job(id);
  record->mark_deleted();
  impl.spawn("delete job", impl.delete_job(record));
  co_return Status{};
}

Task<void> RunService::Impl::delete_job(Record record) {
  const auto errors = co_await run_on(dependencies.disk, [&] {
    return clean_up(record->snapshot(), options.folder / *record->id(), dependencies.datasets, dependencies.store);
  });
  for (const auto& error : errors) {
    log_warning("runs", "part of a job not deleted", {{"job", *record->id()}, {"error", error.message}});
  }
}

Task<Result<std::string>> RunService::report(JobId id) {
  FW_CO_ASSIGN(auto report, co_await signed_report(std::move(id)));
  co_return std::move(report.text);
}

Task<Result<SignedReport>> RunService::signed_report(JobId id) {
  FW_CO_ASSIGN(const auto record, impl_->find(id));
  co_return co_await run_on(impl_->dependencies.disk, [&]() -> Result<SignedReport> {
    const auto places = record->places();
    FW_ASSIGN(std::string written, impl_->written_report(*record));
    std::string now = report_found_in(places, written);
    return SignedReport{std::move(now), std::move(written)};
  });
}

Result<std::string> RunService::Impl::written_report(JobRecord& record) {
  // Read before the job is: what is kept is never newer than its number says.
  const std::int64_t at = record.last_event();
  const Job job = record.snapshot();
  if (is_finished(job.status)) {
    if (auto text = io::read_file(report_file(options.folder / *job.id)); text.ok()) return text;
  }
  if (auto kept = record.kept_report(at)) return *std::move(kept);
  FW_ASSIGN(const auto steps, dependencies.store.steps(*job.id));
  FW_ASSIGN(auto text, report_of(job, record.config(), steps, record.places(), options.folder / *job.id));
  if (record.last_event() == at) record.keep_report(at, text);
  return text;
}

Task<Result<std::vector<EngineLogPart>>> RunService::engine_logs(JobId id, std::size_t candidate) {
  auto& impl = *impl_;
  FW_CO_ASSIGN(const auto record, impl.find(id));
  if (const auto known = record->config().candidates.size(); candidate >= known) {
    co_return not_found("job " + *id + " has no candidate " + std::to_string(candidate) + "; it has " +
                        std::to_string(known) + ", counted from 0");
  }
  // Before the files: an engine that is taken down meanwhile is in one of the two.
  const auto engine = record->engine();
  co_return co_await run_on(impl.dependencies.disk, [&] {
    auto logs = kept_engine_logs(impl.options.folder / *id, candidate);
    if (!engine || engine->candidate != candidate) return logs;
    std::erase_if(logs, [&](const auto& kept) { return kept.stage == engine->stage; });
    logs.push_back({candidate, engine->stage, true, modelops::shown_lines(engine->log->lines(), impl.options.redact)});
    return logs;
  });
}

Result<Subscription> RunService::subscribe(const JobId& id, std::int64_t after) {
  FW_ASSIGN(const auto record, impl_->find(id));
  auto state =
      std::make_shared<Subscription::State>(record, std::max<std::int64_t>(after, 0), impl_->dependencies.executor);
  record->add_reader(state);
  return Subscription(std::move(state));
}

Task<Result<std::vector<metastore::Delivery>>> RunService::deliveries(JobId id) {
  FW_CO_ASSIGN(const auto record, impl_->find(id));
  co_return co_await run_on(impl_->dependencies.disk, [&] { return impl_->dependencies.store.deliveries(*id); });
}

}  // namespace fw::runs

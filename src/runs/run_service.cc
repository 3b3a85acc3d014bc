#include "runs/run_service.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/strand.hpp>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>

#include "async/task_group.h"
#include "base/log.h"
#include "base/random.h"
#include "io/file.h"
#include "runs/impl/clean_up.h"
#include "runs/impl/flywheel_run.h"
#include "runs/impl/json_fields.h"
#include "runs/impl/report_files.h"
#include "runs/impl/webhook_body.h"
#include "runs/impl/webhook_dispatcher.h"
#include "runs/run_config_json.h"

namespace fw::runs {

namespace {

constexpr std::size_t kMostUnfinishedJobs = 1000;
constexpr std::size_t kLongestId = 256;
constexpr std::size_t kAllEvents = 1'000'000;

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
    const std::lock_guard lock(mutex);
    const auto found = jobs.find(id);
    if (found == jobs.end()) return unknown_job(id);
    return found->second;
  }

  Record make_record(const JobId& id, RunConfig config) {
    return std::make_shared<JobRecord>(id, std::move(config), dependencies.store, dependencies.disk,
                                       dependencies.clock);
  }

  Status load();
  Status load_job(const metastore::JobRow& row);
  [[nodiscard]] std::int64_t next_stamp();
  void start_next();
  void start_run(Record record, bool takes_place);
  [[nodiscard]] Task<void> run(Record record, bool takes_place);
  [[nodiscard]] Task<void> end_given_up(Record record, Error error);
  [[nodiscard]] Task<void> delete_job(Record record);

  RunDependencies dependencies;
  RunOptions options;
  TaskGroup group;
  WebhookDispatcher webhooks{dependencies, options, group};

  mutable std::mutex mutex;
  std::map<JobId, Record> jobs;
  std::deque<Record> queue;       ///< not started
  std::vector<Record> deletions;  ///< found at start
  int running = 0;
  bool is_stopping = false;
  std::atomic<bool> is_loaded = false;
  std::int64_t last_stamp = 0;
};

RunService::RunService(RunDependencies dependencies, RunOptions options)
    : impl_(std::make_unique<Impl>(std::move(dependencies), std::move(options))) {}
RunService::~RunService() = default;

const RunConfig& RunService::config() const { return impl_->options.config; }

Status RunService::Impl::load() {
  FW_ASSIGN(const auto rows, dependencies.store.jobs());
  for (const auto& row : rows) {
    // One damaged job does not keep the others from running.
    if (auto loaded = load_job(row); !loaded.ok()) {
      log_error("runs", "job left out", {{"job", row.id}, {"error", loaded.error().message}});
    }
  }
  return {};
}

Status RunService::Impl::load_job(const metastore::JobRow& row) {
  FW_ASSIGN(auto config, run_config_from_json(row.config));
  FW_ASSIGN(const auto events, dependencies.store.events(row.id, 0, kAllEvents));
  auto record = make_record(JobId(row.id), std::move(config));
  for (const auto& event_row : events) {
    FW_ASSIGN(const auto event, event_from_json(event_row.data, event_row.at));
    record->restore(event_row, event);
  }
  if (row.cancel_requested) record->request_cancel();
  const std::lock_guard lock(mutex);
  last_stamp = std::max(last_stamp, record->snapshot().dataset_stamp);
  if (row.delete_requested) {
    deletions.push_back(std::move(record));
    return {};
  }
  if (!row.is_finished) queue.push_back(record);
  jobs.emplace(record->id(), std::move(record));
  return {};
}

void RunService::set_public_url(std::string url) { impl_->options.public_url = std::move(url); }

Status RunService::loaded() const { return impl_->loaded(); }

Task<Status> RunService::start() {
  FW_CO_TRY(co_await run_on(impl_->dependencies.disk, [this] { return impl_->load(); }));
  impl_->is_loaded = true;
  FW_CO_TRY(co_await impl_->webhooks.resume());
  for (auto& record : impl_->deletions) {
    impl_->group.spawn_on(boost::asio::make_strand(impl_->dependencies.executor), "delete job",
                          impl_->delete_job(std::move(record)));
  }
  impl_->deletions.clear();
  impl_->start_next();
  co_return Status{};
}

Task<void> RunService::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->is_stopping = true;
    impl_->queue.clear();
    for (const auto& [id, record] : impl_->jobs) record->stop().request_stop();
  }
  impl_->group.request_stop();
  co_await impl_->group.join();
}

void RunService::Impl::start_next() {
  for (;;) {
    Record next;
    {
      const std::lock_guard lock(mutex);
      if (is_stopping || queue.empty() || running >= options.concurrent_jobs) return;
      next = std::move(queue.front());
      queue.pop_front();
      ++running;
    }
    start_run(std::move(next), true);
  }
}

void RunService::Impl::start_run(Record record, bool takes_place) {
  group.spawn_on(boost::asio::make_strand(dependencies.executor), "run", run(std::move(record), takes_place));
}

Task<void> RunService::Impl::run(Record record, bool takes_place) {
  FlywheelRun flywheel(dependencies, options, record);
  if (const auto given_up = co_await flywheel.run(); !given_up.ok()) {
    group.spawn_on(boost::asio::make_strand(dependencies.executor), "end job", end_given_up(record, given_up.error()));
  }
  if (takes_place) {
    {
      const std::lock_guard lock(mutex);
      --running;
    }
    start_next();
  }
  if (auto status = co_await webhooks.dispatch(*record->id()); !status.ok()) {
    log_warning("runs", "webhooks wait for the next start",
                {{"job", *record->id()}, {"error", status.error().message}});
  }
}

/// A run that could not go on has failed, for good: the store is told so as soon as it can take it, so that the job
/// does not come back to life with the next start.
Task<void> RunService::Impl::end_given_up(Record record, Error error) {
  const Deadline deadline = Deadline::when_stopped(group.stop_token());
  const auto deliveries = make_deliveries(record->snapshot(), record->config(), "{}", options.public_url);
  for (int attempt = 1; !record->is_deleted(); ++attempt) {
    if (auto status = co_await record->finish_given_up(error, deliveries); status.ok()) {
      if (auto sent = co_await webhooks.dispatch(*record->id()); sent.ok()) co_return;
      break;
    }
    if (deadline.is_cancelled()) {  // the last try was the one after the stop
      log_error("runs", "the end of a job could not be written; it goes on at the next start",
                {{"job", *record->id()}});
      co_return;
    }
    (void)co_await sleep_for(pause_after(options.give_up_retry, attempt), deadline);
  }
}

std::int64_t RunService::Impl::next_stamp() {
  const std::lock_guard lock(mutex);
  last_stamp = std::max(last_stamp + 1, to_epoch_seconds(dependencies.clock.now()));
  return last_stamp;
}

Task<Result<Job>> RunService::create(JobRequest request) {
  auto& impl = *impl_;
  FW_CO_TRY(impl.loaded());
  FW_CO_TRY(check_id("workload_id", *request.workload));
  FW_CO_TRY(check_id("client_id", *request.client));
  RunConfig config = impl.options.config;
  if (request.split) config.split = *request.split;
  FW_CO_TRY(check(config.split));
  if (!config.split.random_seed) config.split.random_seed = draw_seed();
  {
    const std::lock_guard lock(impl.mutex);
    if (impl.is_stopping) co_return unavailable("the service is stopping");
    if (impl.queue.size() >= kMostUnfinishedJobs) {
      co_return resource_exhausted("1000 jobs wait already; cancel some, or try again when they have run");
    }
  }
  JobCreated created{request.workload, request.client, *config.split.random_seed, impl.next_stamp(), {}, std::nullopt};
  for (const auto& candidate : config.candidates) {
    created.candidates.push_back({candidate.model.name, candidate.customization_enabled});
  }
  if (config.judge) created.judge_model = config.judge->endpoint.model;

  auto record = impl.make_record(JobId(random_hex(12)), config);
  const std::vector<JobEvent> events{record->event(std::move(created))};
  const auto rows = record->rows_of(events);
  const metastore::JobRow row{.id = *record->id(), .created_at = events.front().at, .config = dump(to_json(config))};
  FW_CO_TRY(co_await run_on(impl.dependencies.disk, [&] { return impl.dependencies.store.create_job(row, rows); }));
  record->publish(events);
  Job job = record->snapshot();
  {
    const std::lock_guard lock(impl.mutex);
    impl.jobs.emplace(record->id(), record);
    impl.queue.push_back(std::move(record));
  }
  impl.start_next();
  co_return job;
}

std::vector<Job> RunService::list() const { return list(SIZE_MAX, std::nullopt).jobs; }

JobPage RunService::list(std::size_t limit, std::optional<std::int64_t> cursor) const {
  std::vector<std::pair<std::int64_t, Impl::Record>> known;
  {
    const std::lock_guard lock(impl_->mutex);
    for (const auto& [id, record] : impl_->jobs) {
      if (const auto stamp = record->stamp(); !cursor || stamp < *cursor) known.emplace_back(stamp, record);
    }
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
  {
    const std::lock_guard lock(impl.mutex);
    const auto queued = std::ranges::find(impl.queue, record);
    if (queued == impl.queue.end()) co_return Status{};
    impl.queue.erase(queued);
  }
  impl.start_run(record, false);  // only to end it
  co_return Status{};
}

Task<Status> RunService::remove(JobId id) {
  auto& impl = *impl_;
  FW_CO_ASSIGN(auto record, impl.find(id));
  if (const auto status = record->snapshot().status; !is_finished(status)) {
    co_return failed_precondition("job " + *id + " is " + std::string(to_string(status)) + "; cancel it first");
  }
  FW_CO_TRY(co_await run_on(impl.dependencies.disk, [&] { return impl.dependencies.store.request_delete(*id); }));
  {
    const std::lock_guard lock(impl.mutex);
    if (impl.jobs.erase(id) == 0) co_return unknown_job(id);
  }
  record->mark_deleted();
  impl.group.spawn_on(boost::asio::make_strand(impl.dependencies.executor), "delete job", impl.delete_job(record));
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
  auto& impl = *impl_;
  FW_CO_ASSIGN(const auto record, impl.find(id));
  co_return co_await run_on(impl.dependencies.disk, [&]() -> Result<std::string> {
    // Read before the job is: what is kept is never newer than its number says.
    const std::int64_t at = record->last_event();
    const Job job = record->snapshot();
    if (is_finished(job.status)) {
      if (auto text = io::read_file(report_file(impl.options.folder / *id)); text.ok()) return text;
    }
    if (auto kept = record->kept_report(at)) return *std::move(kept);
    FW_ASSIGN(const auto steps, impl.dependencies.store.steps(*id));
    FW_ASSIGN(auto text, report_of(job, record->config(), steps));
    if (record->last_event() == at) record->keep_report(at, text);
    return text;
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

#include "runs/impl/job_record.h"

#include "runs/impl/job_places.h"
#include "runs/impl/json_fields.h"
#include "workflow/workflow.h"

namespace fw::runs {

namespace {

constexpr std::size_t kEventsAtOnce = 1000;

}  // namespace

JobRecord::JobRecord(JobId id, RunConfig config, metastore::MetaStore& store, Pool& disk, const Clock& clock,
                     std::filesystem::path jobs_folder)
    : id_(std::move(id)),
      config_(std::move(config)),
      store_(store),
      disk_(disk),
      clock_(clock),
      jobs_folder_(std::move(jobs_folder)) {
  job_.id = id_;
  lease_.job_id = *id_;
}

Job JobRecord::snapshot() const {
  Job job;
  {
    const std::lock_guard lock(mutex_);
    job = job_;
  }
  const auto places = places_of(job, jobs_folder_);
  return found_in(places, std::move(job));
}

io::MovedFolder JobRecord::places() const {
  const std::lock_guard lock(mutex_);
  return places_of(job_, jobs_folder_);
}

void JobRecord::find_files() {
  const auto now = places();
  if (now.has_moved()) config_ = found_in(now, std::move(config_));
}

JobStatus JobRecord::status() const {
  const std::lock_guard lock(mutex_);
  return job_.status;
}

std::int64_t JobRecord::last_event() const {
  const std::lock_guard lock(mutex_);
  return last_event_;
}

std::int64_t JobRecord::stamp() const {
  const std::lock_guard lock(mutex_);
  return job_.dataset_stamp;
}

std::vector<metastore::NewEvent> JobRecord::rows_of(const std::vector<JobEvent>& events) {
  std::vector<metastore::NewEvent> rows;
  for (const auto& event : events) rows.push_back({event.at, std::string(kind_of(event)), dump(to_json(event))});
  return rows;
}

Status JobRecord::catch_up() {
  for (bool is_behind = true; is_behind;) {
    FW_ASSIGN(const auto rows, store_.events(*id_, last_event(), kEventsAtOnce));
    is_behind = rows.size() == kEventsAtOnce;
    for (const auto& row : rows) {
      FW_ASSIGN(const auto event, event_from_json(row.data, row.at));
      const std::lock_guard lock(mutex_);
      if (row.number != last_event_ + 1) continue;  // another thread, which catches up too, was first
      apply(job_, event);
      last_event_ = row.number;
    }
  }
  wake_readers();
  return {};
}

Status JobRecord::follow(const std::vector<JobEvent>& events, std::int64_t last) {
  {
    const std::lock_guard lock(mutex_);
    if (last_event_ >= last) return {};
    if (last_event_ + static_cast<std::int64_t>(events.size()) == last) {
      for (const auto& event : events) apply(job_, event);
      last_event_ = last;
    }
  }
  if (last_event() < last) return catch_up();
  wake_readers();
  return {};
}

void JobRecord::publish(const JobProgress& progress) {
  std::int64_t after = 0;
  {
    const std::lock_guard lock(mutex_);
    apply(job_, progress);
    after = last_event_;
  }
  store_.announce({metastore::Notice::Kind::kProgress, *id_, after, dump(to_json(progress))});
}

void JobRecord::hear(const metastore::Notice& progress) {
  for (const auto& reader : readers()) {
    reader->push(progress.number, progress.data);
    reader->wakeup->signal();
  }
}

void JobRecord::hold(metastore::Lease lease) {
  const std::lock_guard lock(mutex_);
  lease_ = std::move(lease);
  // Not for a run that goes on under a new lease: it knows its stop already.
  if (!job_.cancel_requested && stop_.stop_requested()) stop_ = std::stop_source();
}

void JobRecord::let_go() {
  const std::lock_guard lock(mutex_);
  lease_ = {.job_id = *id_};
}

metastore::Lease JobRecord::lease() const {
  const std::lock_guard lock(mutex_);
  return lease_;
}

std::stop_source JobRecord::stop() const {
  const std::lock_guard lock(mutex_);
  return stop_;
}

Task<Status> JobRecord::write(std::vector<JobEvent> events, Write write) {
  const auto rows = rows_of(events);
  co_return co_await run_on(disk_, [&]() -> Status {
    FW_ASSIGN(const auto last, write(lease(), rows));
    return follow(events, last);
  });
}

Task<void> JobRecord::append(std::vector<JobEvent> events) {
  const Write to_store = [this](const auto& lease, auto rows) { return store_.append_events(lease, rows); };
  const auto status = co_await write(std::move(events), to_store);
  if (!status.ok()) throw workflow::JournalFailure(status.error());
}

Task<Status> JobRecord::end_step(metastore::StepRow step, std::vector<JobEvent> events) {
  const Write to_store = [&](const auto& lease, auto rows) { return store_.record_step(lease, step, rows); };
  co_return co_await write(std::move(events), to_store);
}

Task<void> JobRecord::finish(std::vector<JobEvent> events, std::vector<metastore::Delivery> deliveries) {
  const Write to_store = [&](const auto& lease, auto rows) { return store_.finish_job(lease, rows, deliveries); };
  const auto status = co_await write(std::move(events), to_store);
  if (!status.ok()) throw workflow::JournalFailure(status.error());
}

void JobRecord::request_cancel() {
  {
    const std::lock_guard lock(mutex_);
    job_.cancel_requested = true;
  }
  stop().request_stop();
}

bool JobRecord::cancel_requested() const {
  const std::lock_guard lock(mutex_);
  return job_.cancel_requested;
}

void JobRecord::mark_deleted() {
  {
    const std::lock_guard lock(mutex_);
    is_deleted_ = true;
  }
  wake_readers();
}

bool JobRecord::is_deleted() const {
  const std::lock_guard lock(mutex_);
  return is_deleted_;
}

void JobRecord::mark_given_up(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    apply(job_, event(JobFinished{JobStatus::kFailed, error.message}));
  }
  wake_readers();
}

Task<Status> JobRecord::finish_given_up(Error error, std::vector<metastore::Delivery> deliveries) {
  const Timestamp ended_at = snapshot().finished_at.value_or(clock_.now());
  const Write to_store = [&](const auto& lease, auto rows) { return store_.finish_job(lease, rows, deliveries); };
  co_return co_await write({{ended_at, JobFinished{JobStatus::kFailed, error.message}}}, to_store);
}

std::optional<std::string> JobRecord::kept_report(std::int64_t at) const {
  const std::lock_guard lock(mutex_);
  if (report_.empty() || report_at_ != at) return std::nullopt;
  return report_;
}

void JobRecord::keep_report(std::int64_t at, std::string report) {
  const std::lock_guard lock(mutex_);
  report_at_ = at;
  report_ = std::move(report);
}

std::optional<RunningEngine> JobRecord::engine() const {
  const std::lock_guard lock(mutex_);
  return engine_;
}

void JobRecord::set_engine(std::optional<RunningEngine> engine) {
  const std::lock_guard lock(mutex_);
  engine_ = std::move(engine);
}

void JobRecord::add_reader(const std::shared_ptr<Subscription::State>& reader) {
  const std::lock_guard lock(mutex_);
  std::erase_if(readers_, [](const auto& known) { return known.expired(); });
  readers_.push_back(reader);
}

std::vector<std::shared_ptr<Subscription::State>> JobRecord::readers() {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Subscription::State>> alive;
  for (const auto& reader : readers_) {
    if (auto strong = reader.lock()) alive.push_back(std::move(strong));
  }
  return alive;
}

void JobRecord::wake_readers() {
  for (const auto& reader : readers()) reader->wakeup->signal();
}

}  // namespace fw::runs

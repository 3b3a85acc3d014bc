#include "runs/impl/job_record.h"

#include "runs/impl/json_fields.h"
#include "workflow/workflow.h"

namespace fw::runs {

JobRecord::JobRecord(JobId id, RunConfig config, metastore::MetaStore& store, Pool& disk, const Clock& clock)
    : id_(std::move(id)), config_(std::move(config)), store_(store), disk_(disk), clock_(clock) {
  job_.id = id_;
}

Job JobRecord::snapshot() const {
  const std::lock_guard lock(mutex_);
  return job_;
}

std::int64_t JobRecord::last_event() const {
  const std::lock_guard lock(mutex_);
  return last_event_;
}

std::int64_t JobRecord::stamp() const {
  const std::lock_guard lock(mutex_);
  return job_.dataset_stamp;
}

void JobRecord::restore(const metastore::EventRow& row, const JobEvent& event) {
  const std::lock_guard lock(mutex_);
  apply(job_, event);
  last_event_ = row.number;
}

std::vector<metastore::EventRow> JobRecord::rows_of(const std::vector<JobEvent>& events) const {
  std::int64_t number = last_event();
  std::vector<metastore::EventRow> rows;
  for (const auto& event : events) {
    rows.push_back({++number, event.at, std::string(kind_of(event)), dump(to_json(event))});
  }
  return rows;
}

void JobRecord::publish(const std::vector<JobEvent>& events) {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& event : events) apply(job_, event);
    if (is_finished(job_.status)) report_.clear();
    last_event_ += static_cast<std::int64_t>(events.size());
  }
  for (const auto& reader : readers()) reader->wakeup->signal();
}

void JobRecord::publish(const JobProgress& progress) {
  std::int64_t after = 0;
  {
    const std::lock_guard lock(mutex_);
    apply(job_, progress);
    after = last_event_;
  }
  const auto listening = readers();
  if (listening.empty()) return;
  const std::string data = dump(to_json(progress));
  for (const auto& reader : listening) {
    reader->push(after, data);
    reader->wakeup->signal();
  }
}

Task<void> JobRecord::append(std::vector<JobEvent> events) {
  auto rows = rows_of(events);
  auto status = co_await run_on(disk_, [this, &rows] { return store_.append_events(*id_, rows); });
  if (!status.ok()) throw workflow::JournalFailure(status.error());
  publish(events);
}

Task<void> JobRecord::finish(std::vector<JobEvent> events, std::vector<metastore::Delivery> deliveries) {
  auto rows = rows_of(events);
  auto status = co_await run_on(disk_, [&] { return store_.finish_job(*id_, rows, deliveries); });
  if (!status.ok()) throw workflow::JournalFailure(status.error());
  publish(events);
}

void JobRecord::request_cancel() {
  {
    const std::lock_guard lock(mutex_);
    job_.cancel_requested = true;
  }
  stop_.request_stop();
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
  for (const auto& reader : readers()) reader->wakeup->signal();
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
  for (const auto& reader : readers()) reader->wakeup->signal();
}

Task<Status> JobRecord::finish_given_up(Error error, std::vector<metastore::Delivery> deliveries) {
  const Job job = snapshot();
  const std::vector<JobEvent> events{
      {job.finished_at.value_or(clock_.now()), JobFinished{JobStatus::kFailed, error.message}}};
  const auto rows = rows_of(events);
  auto status = co_await run_on(disk_, [&] { return store_.finish_job(*id_, rows, deliveries); });
  if (status.ok()) publish(events);
  co_return status;
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

}  // namespace fw::runs

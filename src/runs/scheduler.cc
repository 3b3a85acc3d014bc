#include "runs/impl/scheduler.h"

#include <boost/asio/strand.hpp>

#include "base/log.h"
#include "base/random.h"
#include "runs/impl/flywheel_run.h"
#include "runs/impl/webhook_body.h"

namespace fw::runs {

using metastore::Lease;
using metastore::MetaStore;

Scheduler::Scheduler(RunDependencies& dependencies, const RunOptions& options, JobTable& jobs, TaskGroup& group)
    : dependencies_(dependencies),
      options_(options),
      jobs_(jobs),
      group_(group),
      webhooks_(dependencies, options, group),
      worker_(options.worker.empty() ? random_hex(6) : options.worker) {}

void Scheduler::spawn(std::string_view name, Task<void> task) {
  group_.spawn_on(boost::asio::make_strand(dependencies_.executor), name, std::move(task));
}

void Scheduler::start() {
  spawn("leases", keep());
  spawn("deliveries", take_deliveries());
  look();
}

void Scheduler::stop() {
  const std::lock_guard lock(mutex_);
  is_stopping_ = true;
  for (const auto& record : jobs_.all()) record->stop().request_stop();
}

void Scheduler::look() {
  {
    const std::lock_guard lock(mutex_);
    if (is_looking_) looks_again_ = true;
    if (is_looking_ || is_stopping_) return;
    is_looking_ = true;
  }
  spawn("claim", take_runs());
}

/// Leases last three times as long as the pause between renewals, so one that fails is not yet a loss. Each turn looks
/// for work too: notices may be lost, and a worker that died tells nobody.
Task<void> Scheduler::keep() {
  const Deadline deadline = Deadline::when_stopped(group_.stop_token());
  while ((co_await sleep_for(options_.lease / 3, deadline)).ok()) {
    co_await renew_all();
    co_await take_deliveries();
    look();
  }
}

Task<Result<std::optional<Lease>>> Scheduler::claim_next(MetaStore::Work work) {
  const auto except = jobs_.left_out();
  co_return co_await run_on(dependencies_.disk, [&] {
    const Timestamp now = dependencies_.clock.now();
    return dependencies_.store.claim_next(work, worker_, now, now + options_.lease, except);
  });
}

Task<void> Scheduler::take_runs() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (is_stopping_ || running_ >= options_.concurrent_jobs) {
        is_looking_ = looks_again_ = false;
        co_return;
      }
      looks_again_ = false;
      ++running_;
    }
    const auto lease = co_await claim_next(MetaStore::Work::kRun);
    note_claim(lease.ok() ? Status() : Status(lease.error()));
    if (lease.ok() && *lease) {
      co_await begin(**lease, true);
      continue;
    }
    const std::lock_guard lock(mutex_);
    --running_;
    if (lease.ok() && looks_again_) continue;
    is_looking_ = false;
    co_return;
  }
}

void Scheduler::note_claim(Status claimed) {
  if (!claimed.ok()) log_warning("runs", "no job can be claimed", {{"error", claimed.error().message}});
  const std::lock_guard lock(mutex_);
  trouble_ = std::move(claimed);
}

Status Scheduler::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

bool Scheduler::remember(const Lease& lease) {
  const std::lock_guard lock(mutex_);
  if (is_stopping_) return false;
  leases_[lease.job_id] = lease;
  return true;
}

Task<void> Scheduler::begin(Lease lease, bool takes_place) {
  const auto record = co_await run_on(dependencies_.disk, [&] { return jobs_.load(JobId(lease.job_id)); });
  bool is_taken = false;
  bool is_new = false;
  if (record.ok()) {
    // Under the lock of stop(): a run that begins after it would not be stopped.
    const std::lock_guard lock(mutex_);
    if (!is_stopping_) {
      is_taken = true;
      is_new = !(*record)->is_held();  // held: its lease had run out, and nobody else has taken it
      leases_[lease.job_id] = lease;
      (*record)->hold(lease);
    }
  }
  if (is_new) co_return spawn("run", run(*record, takes_place));
  if (!is_taken) co_await release(lease);
  if (takes_place) {
    const std::lock_guard lock(mutex_);
    --running_;
  }
}

Task<Status> Scheduler::run_now(Record record) {
  const auto lease = co_await run_on(dependencies_.disk, [&] {
    const Timestamp now = dependencies_.clock.now();
    return dependencies_.store.claim(*record->id(), worker_, now, now + options_.lease);
  });
  if (!lease.ok()) {
    // Somebody runs it, and hears of the cancel.
    if (lease.error().code == ErrorCode::kFailedPrecondition) co_return Status{};
    co_return lease.error();
  }
  co_await begin(*lease, false);
  co_return Status{};
}

void Scheduler::free_place() {
  {
    const std::lock_guard lock(mutex_);
    --running_;
  }
  look();
}

Task<void> Scheduler::run(Record record, bool takes_place) {
  Status ended;
  {
    FlywheelRun flywheel(dependencies_, options_, record);
    ended = co_await flywheel.run();
  }
  if (takes_place) free_place();
  if (!ended.ok()) co_await end_given_up(record, ended.error());
  co_await deliver(*record->id());
  if (!is_finished(record->status())) {  // another worker's by now, or to go on at the next start
    const auto known = co_await run_on(dependencies_.disk, [&] { return record->catch_up(); });
    if (!known.ok())
      log_warning("runs", "job not read again", {{"job", *record->id()}, {"error", known.error().message}});
  }
}

/// A run that could not go on has failed, for good: the store is told so as soon as it can take it, so that the job
/// does not come back to life with the next start.
Task<void> Scheduler::end_given_up(Record record, Error error) {
  const Deadline deadline = Deadline::when_stopped(group_.stop_token());
  const auto deliveries = make_deliveries(record->snapshot(), record->config(), "{}", options_.public_url);
  for (int attempt = 1; !record->is_deleted(); ++attempt) {
    const auto status = co_await record->finish_given_up(error, deliveries);
    if (status.ok() || status.error().code == ErrorCode::kCancelled) co_return;
    if (deadline.is_cancelled()) {  // the last try was the one after the stop
      log_error("runs", "the end of a job could not be written; it goes on at the next start",
                {{"job", *record->id()}});
      co_return;
    }
    (void)co_await sleep_for(pause_after(options_.give_up_retry, attempt), deadline);
  }
}

/// The webhooks of a job that this worker has, and then the job is given back. Those of one that it has lost are
/// another's to send.
Task<void> Scheduler::deliver(std::string job_id) {
  if (const auto lease = held(job_id)) {
    const auto sent = co_await webhooks_.dispatch(*lease);
    if (!sent.ok())
      log_warning("runs", "webhooks wait for another try", {{"job", job_id}, {"error", sent.error().message}});
  }
  co_await give_back(job_id);
}

Task<void> Scheduler::take_deliveries() {
  for (;;) {
    const auto lease = co_await claim_next(MetaStore::Work::kDeliver);
    if (!lease.ok()) log_warning("runs", "no webhook can be claimed", {{"error", lease.error().message}});
    if (!lease.ok() || !*lease) co_return;
    if (!remember(**lease)) co_return co_await release(**lease);
    spawn("deliver", deliver((*lease)->job_id));
  }
}

void Scheduler::hear_of_writer(const Record& record, const metastore::Notice& events) {
  const auto lease = held(events.job_id);
  if (!lease || lease->epoch >= events.epoch) return;
  log_warning("runs", "lease lost to another worker", {{"job", events.job_id}});
  forget(*lease);
  record->stop().request_stop();
}

Task<void> Scheduler::renew_all() {
  std::vector<Lease> leases;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, lease] : leases_) leases.push_back(lease);
  }
  for (const auto& lease : leases) {
    const auto status = co_await run_on(dependencies_.disk, [&] {
      return dependencies_.store.renew(lease, dependencies_.clock.now() + options_.lease);
    });
    if (status.ok()) continue;
    log_warning("runs", "lease not renewed", {{"job", lease.job_id}, {"error", status.error().message}});
    if (status.error().code != ErrorCode::kCancelled) continue;
    forget(lease);
    if (const auto record = jobs_.find(JobId(lease.job_id))) record->stop().request_stop();
  }
}

std::optional<Lease> Scheduler::held(const std::string& job_id) {
  const std::lock_guard lock(mutex_);
  const auto found = leases_.find(job_id);
  return found != leases_.end() ? std::optional(found->second) : std::nullopt;
}

/// In one go with begin(): it finds the run of a job either here, to go on under the lease that it brings, or gone.
Task<void> Scheduler::give_back(std::string job_id) {
  std::optional<Lease> lease;
  {
    const std::lock_guard lock(mutex_);
    if (auto node = leases_.extract(job_id)) lease = std::move(node.mapped());
    if (const auto record = jobs_.find(JobId(job_id))) record->let_go();
  }
  if (lease) co_await release(*lease);
}

void Scheduler::forget(const Lease& lease) {
  const std::lock_guard lock(mutex_);
  const auto found = leases_.find(lease.job_id);
  if (found != leases_.end() && found->second.epoch == lease.epoch) leases_.erase(found);
}

Task<void> Scheduler::release(Lease lease) {
  const auto released = co_await run_on(dependencies_.disk, [&] { return dependencies_.store.release(lease); });
  if (!released.ok())
    log_warning("runs", "lease not given back", {{"job", lease.job_id}, {"error", released.error().message}});
}

}  // namespace fw::runs

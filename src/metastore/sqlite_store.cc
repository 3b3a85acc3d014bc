#include "metastore/sqlite_store.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "metastore/impl/rows.h"
#include "metastore/impl/schema.h"
#include "metastore/impl/sqlite.h"
#include "metastore/impl/sqlite_keys.h"
#include "metastore/impl/sqlite_reviews.h"

namespace fw::metastore {

namespace {

/// Before anything is made in a file that was there: one that is empty, or was made just now, has lost all it had.
Status check_holds_something(Connection& connection) {
  Statement statement(connection, "SELECT 1 FROM sqlite_schema LIMIT 1");
  FW_ASSIGN(const bool has_table, statement.step());
  if (has_table) return {};
  return data_loss("metadata file " + connection.file().string() +
                   " is empty or was not there, though its folder has been in use: keys and jobs would be gone, and " +
                   "the service open to whoever reaches it; restore the file from a backup, or move the whole folder " +
                   "away to begin anew");
}

/// WAL keeps readers and the writer apart; FULL syncs each commit; the exclusive mode holds the file's lock until it is
/// closed, which is what keeps a second service out of the data folder.
Status prepare(Connection& connection, SqliteStore::Origin origin) {
  FW_TRY(connection.execute("PRAGMA locking_mode = EXCLUSIVE"));
  if (origin == SqliteStore::Origin::kThereBefore) FW_TRY(check_holds_something(connection));
  FW_TRY(connection.execute("PRAGMA journal_mode = WAL"));
  FW_TRY(connection.execute("PRAGMA synchronous = FULL"));
  FW_TRY(connection.execute("PRAGMA foreign_keys = ON"));
  // What is deleted is overwritten: it may be somebody's data.
  FW_TRY(connection.execute("PRAGMA secure_delete = ON"));
  FW_TRY(migrate(connection));
  // Takes the write lock now and not at the first job. Who held a lease is dead: this process has the file to itself.
  Transaction transaction(connection);
  FW_TRY(transaction.begun());
  FW_TRY(Statement(connection, "UPDATE jobs SET worker = '', lease_until = 0 WHERE worker <> '' OR id = ''").run());
  return transaction.commit();
}

/// The number of the last one.
Result<std::int64_t> insert_events(Connection& connection, const std::string& job_id,
                                   std::span<const NewEvent> events) {
  Statement last(connection, "SELECT COALESCE(MAX(number), 0) FROM events WHERE job_id = ?");
  last.bind(job_id);
  FW_ASSIGN(const bool has_row, last.step());
  FW_ASSERT(has_row);
  std::int64_t number = last.number(0);
  for (const auto& event : events) {
    Statement insert(connection, "INSERT INTO events (job_id, number, at, kind, data) VALUES (?, ?, ?, ?, ?)");
    insert.bind(job_id).bind(++number).bind(to_number(event.at)).bind(event.kind).bind(event.data);
    FW_TRY(insert.run());
  }
  return number;
}

/// Refuses a writer whose job is another's by now.
Status check_lease(Connection& connection, const Lease& lease) {
  Statement select(connection, "SELECT epoch, worker FROM jobs WHERE id = ?");
  select.bind(lease.job_id);
  FW_ASSIGN(const bool has_row, select.step());
  if (!has_row) return not_found("job " + lease.job_id + " is not known");
  if (select.number(0) == lease.epoch && select.text(1) == lease.worker && lease.epoch > 0) return {};
  return cancelled("job " + lease.job_id + " is no longer run by worker " + lease.worker);
}

Result<std::int64_t> next_job_number(Connection& connection, std::int64_t at_least) {
  Statement update(connection, "UPDATE numbers SET last = MAX(last + 1, ?) WHERE name = 'job' RETURNING last");
  update.bind(at_least);
  FW_ASSIGN(const bool has_row, update.step());
  if (!has_row) return data_loss("metadata file " + connection.file().string() + " has lost its job numbers");
  return update.number(0);
}

constexpr std::string_view kSelectJobs =
    "SELECT id, created_at, config, is_finished, cancel_requested, delete_requested, number FROM jobs ";

JobRow read_job(const Statement& select) {
  return {.id = select.text(0),
          .created_at = to_time(select.number(1)),
          .config = select.text(2),
          .is_finished = select.number(3) != 0,
          .cancel_requested = select.number(4) != 0,
          .delete_requested = select.number(5) != 0,
          .number = select.number(6)};
}

std::string_view condition_of(JobStatusFilter filter) {
  switch (filter) {
    case JobStatusFilter::kAll: return "";
    case JobStatusFilter::kUnfinished: return "AND is_finished = 0 ";
    case JobStatusFilter::kFinished: return "AND is_finished = 1 ";
  }
  return "";
}

std::string_view condition_of(MetaStore::Work work) {
  return work == MetaStore::Work::kRun ? "is_finished = 0"
                                       : "is_finished = 1 AND id IN (SELECT job_id FROM deliveries WHERE status = 0)";
}

Status insert_deliveries(Connection& connection, std::span<const Delivery> deliveries) {
  for (const auto& delivery : deliveries) {
    Statement insert(connection,
                     "INSERT INTO deliveries (id, job_id, url, secret_env, body, max_attempts, status) "
                     "VALUES (?, ?, ?, ?, ?, ?, ?)");
    insert.bind(delivery.id).bind(delivery.job_id).bind(delivery.url).bind(delivery.secret_env).bind(delivery.body);
    insert.bind(delivery.max_attempts).bind(static_cast<std::int64_t>(delivery.status));
    FW_TRY(insert.run());
  }
  return {};
}

Status check_changed(const Connection& connection, const std::string& what) {
  if (connection.changes() == 0) return not_found(what + " is not known");
  return {};
}

Status read_attempts(Connection& connection, Delivery& delivery) {
  Statement select(connection, "SELECT at, http_status, error FROM attempts WHERE delivery_id = ? ORDER BY number");
  select.bind(delivery.id);
  for (;;) {
    FW_ASSIGN(const bool has_row, select.step());
    if (!has_row) return {};
    delivery.attempts.push_back({to_time(select.number(0)), static_cast<int>(select.number(1)), select.text(2)});
  }
}

Result<std::vector<Delivery>> read_deliveries(Connection& connection, Statement& select) {
  std::vector<Delivery> deliveries;
  for (;;) {
    FW_ASSIGN(const bool has_row, select.step());
    if (!has_row) break;
    deliveries.push_back({select.text(0),
                          select.text(1),
                          select.text(2),
                          select.text(3),
                          select.text(4),
                          static_cast<int>(select.number(5)),
                          static_cast<DeliveryStatus>(select.number(6)),
                          {}});
  }
  for (auto& delivery : deliveries) FW_TRY(read_attempts(connection, delivery));
  return deliveries;
}

constexpr std::string_view kSelectDeliveries =
    "SELECT id, job_id, url, secret_env, body, max_attempts, status FROM deliveries ";

}  // namespace

struct SqliteStore::Impl {
  explicit Impl(Connection c) : connection(std::move(c)) {}

  /// One write transaction around `body`.
  template <class Body>
  Status write(Body body) {
    const std::lock_guard lock(mutex);
    Transaction transaction(connection);
    FW_TRY(transaction.begun());
    FW_TRY(body());
    return transaction.commit();
  }

  /// One write transaction of a lease's holder, told to the listeners. `body` returns the number of the last event.
  template <class Body>
  Result<std::int64_t> write_under(const Lease& lease, Body body) {
    std::int64_t last = 0;
    FW_TRY(write([&]() -> Status {
      FW_TRY(check_lease(connection, lease));
      FW_ASSIGN(last, body());
      return {};
    }));
    board.post({Notice::Kind::kEvents, lease.job_id, last, {}, lease.epoch});
    return last;
  }

  Status set_mark(std::string_view sql, const std::string& job_id, Notice::Kind kind) {
    FW_TRY(write([&]() -> Status {
      FW_TRY(Statement(connection, sql).bind(job_id).run());
      return check_changed(connection, "job " + job_id);
    }));
    board.post({kind, job_id, 0, {}});
    return {};
  }

  /// Within a transaction: the job is the worker's.
  Result<Lease> take(const std::string& job_id, const std::string& worker, Timestamp until) {
    Statement update(connection,
                     "UPDATE jobs SET epoch = epoch + 1, worker = ?, lease_until = ? WHERE id = ? RETURNING epoch");
    update.bind(worker).bind(to_number(until)).bind(job_id);
    FW_ASSIGN(const bool has_row, update.step());
    FW_ASSERT(has_row);
    return Lease{job_id, worker, update.number(0), until};
  }

  std::mutex mutex;
  Connection connection;
  NoticeBoard board;
  SqliteReviews reviews{connection, mutex};
  SqliteKeys keys{connection, mutex};
};

SqliteStore::SqliteStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqliteStore::~SqliteStore() = default;

ReviewStore& SqliteStore::reviews() { return impl_->reviews; }
KeyStore& SqliteStore::keys() { return impl_->keys; }

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::filesystem::path& file, Origin origin) {
  FW_ASSIGN(auto connection, Connection::open(file));
  FW_TRY(prepare(connection, origin));
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::make_unique<Impl>(std::move(connection))));
}

Result<std::int64_t> SqliteStore::create_job(const JobRow& job, std::int64_t at_least, const FirstEvents& events) {
  std::int64_t number = 0;
  FW_TRY(impl_->write([&]() -> Status {
    FW_ASSIGN(number, next_job_number(impl_->connection, at_least));
    Statement insert(impl_->connection,
                     "INSERT INTO jobs (id, created_at, config, is_finished, cancel_requested, delete_requested, "
                     "number) VALUES (?, ?, ?, ?, ?, ?, ?)");
    insert.bind(job.id).bind(to_number(job.created_at)).bind(job.config);
    insert.bind(job.is_finished ? 1 : 0).bind(job.cancel_requested ? 1 : 0).bind(job.delete_requested ? 1 : 0);
    insert.bind(number);
    FW_TRY(insert.run());
    FW_TRY(insert_events(impl_->connection, job.id, events(number)));
    return {};
  }));
  impl_->board.post({Notice::Kind::kCreated, job.id, number, {}});
  return number;
}

Result<JobRowPage> SqliteStore::jobs(JobStatusFilter filter, std::int64_t after, std::size_t limit) {
  const std::lock_guard lock(impl_->mutex);
  std::string sql(kSelectJobs);
  sql.append("WHERE number > ? ").append(condition_of(filter)).append("ORDER BY number, rowid");
  Statement select(impl_->connection, sql);
  select.bind(after);
  JobRowPage page;
  for (;;) {
    FW_ASSIGN(const bool has_row, select.step());
    if (!has_row) return page;
    JobRow row = read_job(select);
    // Jobs of an older file may share a number: a page that ended between them would lose the second one.
    if (page.jobs.size() >= limit && (page.jobs.empty() || row.number != page.jobs.back().number)) {
      page.next = page.jobs.empty() ? after : page.jobs.back().number;
      return page;
    }
    page.jobs.push_back(std::move(row));
  }
}

Result<std::optional<JobRow>> SqliteStore::job(const std::string& job_id) {
  const std::lock_guard lock(impl_->mutex);
  Statement select(impl_->connection, std::string(kSelectJobs) + "WHERE id = ?");
  select.bind(job_id);
  FW_ASSIGN(const bool has_row, select.step());
  return has_row ? std::optional(read_job(select)) : std::nullopt;
}

Status SqliteStore::request_cancel(const std::string& job_id) {
  return impl_->set_mark("UPDATE jobs SET cancel_requested = 1 WHERE id = ?", job_id, Notice::Kind::kCancelRequested);
}

Status SqliteStore::request_delete(const std::string& job_id) {
  return impl_->set_mark("UPDATE jobs SET delete_requested = 1 WHERE id = ?", job_id, Notice::Kind::kDeleteRequested);
}

Status SqliteStore::erase_job(const std::string& job_id) {
  return impl_->write([&] { return Statement(impl_->connection, "DELETE FROM jobs WHERE id = ?").bind(job_id).run(); });
}

Result<std::optional<Lease>> SqliteStore::claim_next(Work work, const std::string& worker, Timestamp now,
                                                     Timestamp until, std::span<const std::string> except) {
  std::optional<Lease> lease;
  FW_TRY(impl_->write([&]() -> Status {
    std::string sql("SELECT id FROM jobs WHERE lease_until <= ? AND delete_requested = 0 AND ");
    sql.append(condition_of(work)).append(" ORDER BY number, rowid");
    std::string id;
    {
      Statement select(impl_->connection, sql);
      select.bind(to_number(now));
      do {
        FW_ASSIGN(const bool has_row, select.step());
        if (!has_row) return {};
        id = select.text(0);
      } while (std::ranges::find(except, id) != except.end());
    }
    FW_ASSIGN(lease, impl_->take(id, worker, until));
    return {};
  }));
  return lease;
}

Result<Lease> SqliteStore::claim(const std::string& job_id, const std::string& worker, Timestamp now, Timestamp until) {
  Lease lease;
  FW_TRY(impl_->write([&]() -> Status {
    {
      Statement select(impl_->connection, "SELECT is_finished, lease_until, worker FROM jobs WHERE id = ?");
      select.bind(job_id);
      FW_ASSIGN(const bool has_row, select.step());
      if (!has_row) return not_found("job " + job_id + " is not known");
      if (select.number(0) != 0) return failed_precondition("job " + job_id + " is finished");
      if (select.number(1) > to_number(now)) {
        return failed_precondition("job " + job_id + " is run by worker " + select.text(2));
      }
    }
    FW_ASSIGN(lease, impl_->take(job_id, worker, until));
    return {};
  }));
  return lease;
}

Status SqliteStore::renew(const Lease& lease, Timestamp until) {
  return impl_->write([&]() -> Status {
    FW_TRY(check_lease(impl_->connection, lease));
    Statement update(impl_->connection, "UPDATE jobs SET lease_until = ? WHERE id = ?");
    return update.bind(to_number(until)).bind(lease.job_id).run();
  });
}

Status SqliteStore::release(const Lease& lease) {
  FW_TRY(impl_->write([&]() -> Status {
    Statement update(impl_->connection,
                     "UPDATE jobs SET worker = '', lease_until = 0 WHERE id = ? AND worker = ? AND epoch = ?");
    return update.bind(lease.job_id).bind(lease.worker).bind(lease.epoch).run();
  }));
  impl_->board.post({Notice::Kind::kReleased, lease.job_id, 0, {}});
  return {};
}

Result<std::int64_t> SqliteStore::append_events(const Lease& lease, std::span<const NewEvent> events) {
  return impl_->write_under(lease, [&] { return insert_events(impl_->connection, lease.job_id, events); });
}

Result<std::int64_t> SqliteStore::record_step(const Lease& lease, const StepRow& step,
                                              std::span<const NewEvent> events) {
  return impl_->write_under(lease, [&]() -> Result<std::int64_t> {
    Statement insert(impl_->connection,
                     "INSERT INTO steps (job_id, key, value, error_code, error_message, recorded_at) "
                     "VALUES (?, ?, ?, ?, ?, ?)");
    insert.bind(lease.job_id).bind(step.key).bind(step.value);
    if (step.error) {
      insert.bind(static_cast<std::int64_t>(step.error->code)).bind(step.error->message);
    } else {
      insert.bind_null().bind_null();
    }
    insert.bind(to_number(step.recorded_at));
    FW_TRY(insert.run());
    return insert_events(impl_->connection, lease.job_id, events);
  });
}

Result<std::int64_t> SqliteStore::finish_job(const Lease& lease, std::span<const NewEvent> events,
                                             std::span<const Delivery> deliveries) {
  return impl_->write_under(lease, [&]() -> Result<std::int64_t> {
    FW_TRY(Statement(impl_->connection, "UPDATE jobs SET is_finished = 1 WHERE id = ?").bind(lease.job_id).run());
    FW_TRY(insert_deliveries(impl_->connection, deliveries));
    return insert_events(impl_->connection, lease.job_id, events);
  });
}

Result<std::vector<StepRow>> SqliteStore::steps(const std::string& job_id) {
  const std::lock_guard lock(impl_->mutex);
  Statement select(
      impl_->connection,
      "SELECT key, value, error_code, error_message, recorded_at FROM steps WHERE job_id = ? ORDER BY number");
  select.bind(job_id);
  std::vector<StepRow> rows;
  for (;;) {
    FW_ASSIGN(const bool has_row, select.step());
    if (!has_row) return rows;
    StepRow row{select.text(0), select.text(1), std::nullopt, to_time(select.number(4))};
    if (!select.is_null(2)) row.error = Error{static_cast<ErrorCode>(select.number(2)), select.text(3)};
    rows.push_back(std::move(row));
  }
}

Result<std::vector<EventRow>> SqliteStore::events(const std::string& job_id, std::int64_t after, std::size_t limit) {
  const std::lock_guard lock(impl_->mutex);
  Statement select(impl_->connection,
                   "SELECT number, at, kind, data FROM events WHERE job_id = ? AND number > ? ORDER BY number LIMIT ?");
  select.bind(job_id).bind(after).bind(static_cast<std::int64_t>(limit));
  std::vector<EventRow> rows;
  for (;;) {
    FW_ASSIGN(const bool has_row, select.step());
    if (!has_row) return rows;
    rows.push_back({select.number(0), to_time(select.number(1)), select.text(2), select.text(3)});
  }
}

Result<std::vector<Delivery>> SqliteStore::pending_deliveries() {
  const std::lock_guard lock(impl_->mutex);
  Statement select(impl_->connection, std::string(kSelectDeliveries) + "WHERE status = ? ORDER BY number");
  select.bind(static_cast<std::int64_t>(DeliveryStatus::kPending));
  return read_deliveries(impl_->connection, select);
}

Result<std::vector<Delivery>> SqliteStore::deliveries(const std::string& job_id) {
  const std::lock_guard lock(impl_->mutex);
  Statement select(impl_->connection, std::string(kSelectDeliveries) + "WHERE job_id = ? ORDER BY number");
  select.bind(job_id);
  return read_deliveries(impl_->connection, select);
}

Status SqliteStore::record_attempt(const Lease& lease, const std::string& delivery_id, const Attempt& attempt,
                                   DeliveryStatus status) {
  return impl_->write([&]() -> Status {
    FW_TRY(check_lease(impl_->connection, lease));
    Statement insert(impl_->connection,
                     "INSERT INTO attempts (delivery_id, at, http_status, error) VALUES (?, ?, ?, ?)");
    insert.bind(delivery_id).bind(to_number(attempt.at)).bind(attempt.http_status).bind(attempt.error);
    FW_TRY(insert.run());
    Statement update(impl_->connection, "UPDATE deliveries SET status = ? WHERE id = ?");
    update.bind(static_cast<std::int64_t>(status)).bind(delivery_id);
    FW_TRY(update.run());
    return check_changed(impl_->connection, "webhook delivery " + delivery_id);
  });
}

std::unique_ptr<Listening> SqliteStore::listen(NoticeHandler handler) {
  return impl_->board.listen(std::move(handler));
}

void SqliteStore::announce(const Notice& notice) { impl_->board.post(notice); }

}  // namespace fw::metastore

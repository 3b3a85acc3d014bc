#include "metastore/sqlite_store.h"

#include <map>
#include <mutex>
#include <utility>

#include "metastore/impl/rows.h"
#include "metastore/impl/schema.h"
#include "metastore/impl/sqlite.h"
#include "metastore/impl/sqlite_keys.h"
#include "metastore/impl/sqlite_reviews.h"

namespace fw::metastore {

namespace {

/// WAL keeps readers and the writer apart; FULL syncs each commit; the exclusive mode holds the file's lock until it is
/// closed, which is what keeps a second service out of the data folder.
Status prepare(Connection& connection) {
  FW_TRY(connection.execute("PRAGMA locking_mode = EXCLUSIVE"));
  FW_TRY(connection.execute("PRAGMA journal_mode = WAL"));
  FW_TRY(connection.execute("PRAGMA synchronous = FULL"));
  FW_TRY(connection.execute("PRAGMA foreign_keys = ON"));
  FW_TRY(migrate(connection));
  // Takes the write lock now and not at the first job.
  Transaction transaction(connection);
  FW_TRY(transaction.begun());
  FW_TRY(Statement(connection, "UPDATE jobs SET is_finished = is_finished WHERE id = ''").run());
  return transaction.commit();
}

Status insert_events(Connection& connection, const std::string& job_id, std::span<const EventRow> events) {
  for (const auto& event : events) {
    Statement insert(connection, "INSERT INTO events (job_id, number, at, kind, data) VALUES (?, ?, ?, ?, ?)");
    insert.bind(job_id).bind(event.number).bind(to_number(event.at)).bind(event.kind).bind(event.data);
    FW_TRY(insert.run());
  }
  return {};
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

  Status set_mark(std::string_view sql, const std::string& job_id) {
    return write([&]() -> Status {
      FW_TRY(Statement(connection, sql).bind(job_id).run());
      return check_changed(connection, "job " + job_id);
    });
  }

  std::mutex mutex;
  Connection connection;
  SqliteReviews reviews{connection, mutex};
  SqliteKeys keys{connection, mutex};
};

SqliteStore::SqliteStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqliteStore::~SqliteStore() = default;

ReviewStore& SqliteStore::reviews() { return impl_->reviews; }
KeyStore& SqliteStore::keys() { return impl_->keys; }

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::filesystem::path& file) {
  FW_ASSIGN(auto connection, Connection::open(file));
  FW_TRY(prepare(connection));
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::make_unique<Impl>(std::move(connection))));
}

Status SqliteStore::create_job(const JobRow& job, std::span<const EventRow> events) {
  return impl_->write([&]() -> Status {
    Statement insert(impl_->connection,
                     "INSERT INTO jobs (id, created_at, config, is_finished, cancel_requested, delete_requested) "
                     "VALUES (?, ?, ?, ?, ?, ?)");
    insert.bind(job.id).bind(to_number(job.created_at)).bind(job.config);
    insert.bind(job.is_finished ? 1 : 0).bind(job.cancel_requested ? 1 : 0).bind(job.delete_requested ? 1 : 0);
    FW_TRY(insert.run());
    return insert_events(impl_->connection, job.id, events);
  });
}

Result<std::vector<JobRow>> SqliteStore::jobs() {
  const std::lock_guard lock(impl_->mutex);
  Statement select(impl_->connection,
                   "SELECT id, created_at, config, is_finished, cancel_requested, delete_requested FROM jobs "
                   "ORDER BY created_at, rowid");
  std::vector<JobRow> rows;
  for (;;) {
    FW_ASSIGN(const bool has_row, select.step());
    if (!has_row) return rows;
    rows.push_back({select.text(0), to_time(select.number(1)), select.text(2), select.number(3) != 0,
                    select.number(4) != 0, select.number(5) != 0});
  }
}

Status SqliteStore::request_cancel(const std::string& job_id) {
  return impl_->set_mark("UPDATE jobs SET cancel_requested = 1 WHERE id = ?", job_id);
}

Status SqliteStore::request_delete(const std::string& job_id) {
  return impl_->set_mark("UPDATE jobs SET delete_requested = 1 WHERE id = ?", job_id);
}

Status SqliteStore::finish_job(const std::string& job_id, std::span<const EventRow> events,
                               std::span<const Delivery> deliveries) {
  return impl_->write([&]() -> Status {
    FW_TRY(Statement(impl_->connection, "UPDATE jobs SET is_finished = 1 WHERE id = ?").bind(job_id).run());
    FW_TRY(check_changed(impl_->connection, "job " + job_id));
    FW_TRY(insert_events(impl_->connection, job_id, events));
    return insert_deliveries(impl_->connection, deliveries);
  });
}

Status SqliteStore::erase_job(const std::string& job_id) {
  return impl_->write([&] { return Statement(impl_->connection, "DELETE FROM jobs WHERE id = ?").bind(job_id).run(); });
}

Status SqliteStore::record_step(const std::string& job_id, const StepRow& step, std::span<const EventRow> events) {
  return impl_->write([&]() -> Status {
    Statement insert(impl_->connection,
                     "INSERT INTO steps (job_id, key, value, error_code, error_message, recorded_at) "
                     "VALUES (?, ?, ?, ?, ?, ?)");
    insert.bind(job_id).bind(step.key).bind(step.value);
    if (step.error) {
      insert.bind(static_cast<std::int64_t>(step.error->code)).bind(step.error->message);
    } else {
      insert.bind_null().bind_null();
    }
    insert.bind(to_number(step.recorded_at));
    FW_TRY(insert.run());
    return insert_events(impl_->connection, job_id, events);
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

Status SqliteStore::append_events(const std::string& job_id, std::span<const EventRow> events) {
  return impl_->write([&] { return insert_events(impl_->connection, job_id, events); });
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

Status SqliteStore::record_attempt(const std::string& delivery_id, const Attempt& attempt, DeliveryStatus status) {
  return impl_->write([&]() -> Status {
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

}  // namespace fw::metastore

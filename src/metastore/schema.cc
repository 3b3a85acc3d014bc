#include "metastore/impl/schema.h"

#include <array>
#include <string>

namespace fw::metastore {

namespace {

/// Entry i leads from version i to version i + 1. Entries are never changed once released, only added.
constexpr std::array kMigrations{
    R"sql(
CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL,
  config TEXT NOT NULL,
  is_finished INTEGER NOT NULL DEFAULT 0,
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  delete_requested INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE steps (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  error_code INTEGER,
  error_message TEXT,
  recorded_at INTEGER NOT NULL,
  UNIQUE (job_id, key)
) STRICT;
CREATE TABLE events (
  job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (job_id, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE deliveries (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
  url TEXT NOT NULL,
  secret_env TEXT NOT NULL,
  body TEXT NOT NULL,
  max_attempts INTEGER NOT NULL,
  status INTEGER NOT NULL
) STRICT;
CREATE INDEX deliveries_by_job ON deliveries (job_id);
CREATE TABLE attempts (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  delivery_id TEXT NOT NULL REFERENCES deliveries(id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  http_status INTEGER NOT NULL,
  error TEXT NOT NULL
) STRICT;
CREATE INDEX attempts_by_delivery ON attempts (delivery_id);
)sql",
    R"sql(
CREATE TABLE passed_over (job_id TEXT PRIMARY KEY) STRICT;
CREATE TABLE reviews (
  id TEXT PRIMARY KEY,
  job_id TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  data TEXT NOT NULL
) STRICT;
CREATE TABLE review_items (
  review_id TEXT NOT NULL REFERENCES reviews(id) ON DELETE CASCADE,
  place INTEGER NOT NULL,
  record_id TEXT NOT NULL,
  head TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (review_id, record_id)
) STRICT;
CREATE TABLE review_labels (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  review_id TEXT NOT NULL,
  record_id TEXT NOT NULL,
  person TEXT NOT NULL,
  at INTEGER NOT NULL,
  data TEXT NOT NULL,
  FOREIGN KEY (review_id, record_id) REFERENCES review_items(review_id, record_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX review_labels_by_review ON review_labels (review_id);
)sql",
    R"sql(
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL,
  data TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used INTEGER,
  revoked_at INTEGER
) STRICT;
)sql",
    // Jobs of before have the number that their first event tells.
    R"sql(
ALTER TABLE jobs ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN worker TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN lease_until INTEGER NOT NULL DEFAULT 0;
UPDATE jobs SET number = COALESCE(
  (SELECT CASE WHEN json_valid(data) THEN CAST(json_extract(data, '$.dataset_stamp') AS INTEGER) END
   FROM events WHERE job_id = jobs.id AND number = 1), rowid);
CREATE INDEX jobs_by_number ON jobs (number);
CREATE INDEX jobs_unfinished ON jobs (number) WHERE is_finished = 0;
CREATE INDEX deliveries_pending ON deliveries (job_id) WHERE status = 0;
CREATE TABLE numbers (name TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT;
INSERT INTO numbers SELECT 'job', COALESCE(MAX(number), 0) FROM jobs;
)sql",
};

Result<std::int64_t> pragma(Connection& connection, const std::string& name) {
  Statement statement(connection, "PRAGMA " + name);
  FW_ASSIGN(const bool has_row, statement.step());
  return has_row ? statement.number(0) : 0;
}

Result<bool> has_tables(Connection& connection) {
  Statement statement(connection, "SELECT 1 FROM sqlite_schema LIMIT 1");
  return statement.step();
}

Status migrate_one(Connection& connection, std::size_t from) {
  Transaction transaction(connection);
  FW_TRY(transaction.begun());
  FW_TRY(connection.execute(kMigrations[from]));
  FW_TRY(connection.execute("PRAGMA application_id = " + std::to_string(kApplicationId)));
  FW_TRY(connection.execute("PRAGMA user_version = " + std::to_string(from + 1)));
  return transaction.commit();
}

}  // namespace

std::int64_t newest_schema_version() { return static_cast<std::int64_t>(kMigrations.size()); }

Status migrate(Connection& connection) {
  FW_ASSIGN(const std::int64_t version, pragma(connection, "user_version"));
  FW_ASSIGN(const std::int64_t application, pragma(connection, "application_id"));
  FW_ASSIGN(const bool used, has_tables(connection));
  const std::string name = "metadata file " + connection.file().string();
  if (used && application != kApplicationId) {
    return failed_precondition(name + " belongs to another program; give flywheel a data folder of its own");
  }
  if (version < 0 || version > newest_schema_version()) {
    return failed_precondition(name + " has schema version " + std::to_string(version) +
                               ", this flywheel reads up to " + std::to_string(newest_schema_version()) +
                               "; use the flywheel that wrote it, or a newer one");
  }
  for (auto from = static_cast<std::size_t>(version); from < kMigrations.size(); ++from) {
    FW_TRY(migrate_one(connection, from));
  }
  return {};
}

}  // namespace fw::metastore

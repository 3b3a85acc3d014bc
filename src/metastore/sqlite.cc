#include "metastore/impl/sqlite.h"

#include <utility>

namespace fw::metastore {

namespace {

/// Only a key that is taken means that the row exists.
Error constraint_error(int code, std::string message) {
  switch (code) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_ROWID: return already_exists(std::move(message));
    case SQLITE_CONSTRAINT_FOREIGNKEY: return not_found(std::move(message) + ": what the row belongs to is not there");
    default: return internal(std::move(message));
  }
}

}  // namespace

Error sqlite_error(sqlite3* connection, int code, const std::filesystem::path& file) {
  const std::string name = "metadata file " + file.string();
  const std::string said = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return unavailable(name +
                         " is held by another process; stop the other flywheel that uses this data folder, or "
                         "give this one a folder of its own with --data");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return data_loss(name + " is damaged (" + said + "); restore it from a backup, or move it away to begin anew");
    case SQLITE_FULL:
      return storage_full(
          name + ": the disk is full; free some space: unfinished jobs go on then, at the latest at the next start");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return failed_precondition(name + " cannot be written; give this user the right to write it and its folder");
    case SQLITE_CANTOPEN:
      return failed_precondition(name + " cannot be opened; check that its folder exists and may be written");
    case SQLITE_IOERR: return unavailable(name + ": reading or writing failed (" + said + "); check the disk");
    case SQLITE_NOMEM: return resource_exhausted(name + ": out of memory");
    case SQLITE_TOOBIG: return too_large(name + ": a value is larger than SQLite keeps");
    case SQLITE_CONSTRAINT: return constraint_error(code, name + ": " + said);
    default: return internal(name + ": " + said);
  }
}

Result<Connection> Connection::open(const std::filesystem::path& file) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
  if (code != SQLITE_OK) {
    Error error = sqlite_error(handle, code, file);
    sqlite3_close_v2(handle);
    return error;
  }
  return Connection(handle, file);
}

Connection::Connection(Connection&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), file_(std::move(other.file_)) {}

Connection::~Connection() { sqlite3_close_v2(handle_); }

Status Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(code);
  return {};
}

Statement::Statement(Connection& connection, std::string_view sql) : connection_(connection) {
  note(sqlite3_prepare_v2(connection.handle(), sql.data(), static_cast<int>(sql.size()), &handle_, nullptr));
}

Statement::~Statement() { sqlite3_finalize(handle_); }

void Statement::note(int code) {
  if (failure_ == SQLITE_OK) failure_ = code;
}

Statement& Statement::bind(std::string_view text) {
  ++parameter_;
  if (failure_ == SQLITE_OK) {
    note(sqlite3_bind_text64(handle_, parameter_, text.data() != nullptr ? text.data() : "", text.size(),
                             SQLITE_TRANSIENT, SQLITE_UTF8));
  }
  return *this;
}

Statement& Statement::bind(std::int64_t number) {
  ++parameter_;
  if (failure_ == SQLITE_OK) note(sqlite3_bind_int64(handle_, parameter_, number));
  return *this;
}

Statement& Statement::bind_null() {
  ++parameter_;
  return *this;
}

Result<bool> Statement::step() {
  if (failure_ != SQLITE_OK) return connection_.error(failure_);
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return connection_.error(code);
}

Status Statement::run() {
  FW_ASSIGN(const bool has_row, step());
  FW_ASSERT(!has_row);
  return {};
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(handle_, column); }
bool Statement::is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

Transaction::~Transaction() {
  // A failed COMMIT (full disk) leaves the transaction open; after some errors SQLite has rolled back itself.
  if (open_ && begun_.ok() && sqlite3_get_autocommit(connection_.handle()) == 0) {
    static_cast<void>(connection_.execute("ROLLBACK"));
  }
}

Status Transaction::commit() {
  FW_TRY(connection_.execute("COMMIT"));
  open_ = false;
  return {};
}

}  // namespace fw::metastore

#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fw::metastore {

/// The last failure of a connection as an Error: what happened to which file, and the remedy.
[[nodiscard]] Error sqlite_error(sqlite3* connection, int code, const std::filesystem::path& file);

/// One open connection; closes itself. Not thread-safe.
class Connection final {
 public:
  [[nodiscard]] static Result<Connection> open(const std::filesystem::path& file);
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&&) = delete;
  ~Connection();

  /// Runs statements that return nothing.
  [[nodiscard]] Status execute(const std::string& sql);
  [[nodiscard]] Error error(int code) const { return sqlite_error(handle_, code, file_); }
  [[nodiscard]] sqlite3* handle() const { return handle_; }
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  /// Rows that the last statement changed.
  [[nodiscard]] int changes() const { return sqlite3_changes(handle_); }

 private:
  Connection(sqlite3* handle, std::filesystem::path file) : handle_(handle), file_(std::move(file)) {}
  sqlite3* handle_;
  std::filesystem::path file_;
};

/// A prepared statement: bind its parameters in order, then step through its rows. An error of preparing or binding
/// shows at the first step.
class Statement final {
 public:
  Statement(Connection& connection, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(std::string_view text);
  Statement& bind(const std::string& text) { return bind(std::string_view(text)); }
  Statement& bind(std::int64_t number);
  Statement& bind_null();

  /// True: there is a row.
  [[nodiscard]] Result<bool> step();
  /// For statements without rows.
  [[nodiscard]] Status run();

  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  void note(int code);
  Connection& connection_;
  sqlite3_stmt* handle_ = nullptr;
  int parameter_ = 0;
  int failure_ = SQLITE_OK;
};

/// Begins a write transaction, rolls back unless committed.
class Transaction final {
 public:
  explicit Transaction(Connection& connection)
      : connection_(connection), begun_(connection.execute("BEGIN IMMEDIATE")) {}
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  [[nodiscard]] const Status& begun() const { return begun_; }
  [[nodiscard]] Status commit();

 private:
  Connection& connection_;
  Status begun_;
  bool open_ = true;
};

}  // namespace fw::metastore

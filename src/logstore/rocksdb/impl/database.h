#pragma once

#include <rocksdb/db.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "base/result.h"
#include "logstore/rocksdb/rocksdb_log_store.h"

namespace fw::logstore {

/// The opened RocksDB with its four column families, options and format version checked. Owns the handles and closes in
/// the right order. Thread rule: RocksDB's (any thread).
class Database final {
 public:
  /// `env` (null: the system's) must outlive the database; tests pass one whose disk is full.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::filesystem::path& folder,
                                                              const RocksDbOptions& options,
                                                              rocksdb::Env* env = nullptr);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] rocksdb::DB& db() { return *db_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  [[nodiscard]] rocksdb::ColumnFamilyHandle* meta() { return handles_[0]; }  ///< version and counts
  [[nodiscard]] rocksdb::ColumnFamilyHandle* records() {
    return handles_[1];
  }  ///< workload, client, time, id -> content
  [[nodiscard]] rocksdb::ColumnFamilyHandle* ids() { return handles_[2]; }  ///< id -> where its record is
  [[nodiscard]] rocksdb::ColumnFamilyHandle* times() {
    return handles_[3];
  }  ///< the other orders -> where the record is

 private:
  explicit Database(std::filesystem::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] Status check_version();

  std::filesystem::path folder_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;  // owned by db_, given back before it closes
};

}  // namespace fw::logstore

#pragma once

#include <rocksdb/db.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "base/result.h"
#include "logstore/rocksdb/impl/damaged_logs.h"
#include "logstore/rocksdb/impl/recovery.h"
#include "logstore/rocksdb/impl/store_marks.h"
#include "logstore/rocksdb/rocksdb_log_store.h"

namespace fw::logstore {

/// The opened RocksDB with its four column families, options and format version checked. Owns the handles and closes in
/// the right order. Safe from any thread.
///
/// After a failed write the database takes no more writes until it was closed and opened again, which is done as soon
/// as the disk takes a file again. RocksDB's Resume() is not enough: it gives the sequence numbers of the failed write,
/// which may lie whole in the log, to the next one, and a log with both cannot be replayed. Reads go on meanwhile. A
/// write that failed may turn out to have been done.
class Database final {
 public:
  /// `env` (null: the system's) must outlive the database; tests pass one whose disk fails.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::filesystem::path& folder,
                                                              const RocksDbOptions& options,
                                                              rocksdb::Env* env = nullptr);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// While one is held the database stays as it is; every other member below needs one. Not for two at a time in one
  /// thread. An error when the database could not be opened again, and is closed.
  [[nodiscard]] Result<std::shared_lock<std::shared_mutex>> use();

  [[nodiscard]] rocksdb::DB& db() { return *db_; }
  /// Durable on success.
  [[nodiscard]] rocksdb::Status write(rocksdb::WriteBatch& batch);
  /// What was written before is in tables, and the log has let go of it.
  [[nodiscard]] rocksdb::Status flush();
  /// What the database holds now, under a number, for more than one use(): until it is let go of, or the database is
  /// closed.
  [[nodiscard]] std::uint64_t keep_snapshot();
  /// kUnavailable once it is lost: the database was closed and opened again.
  [[nodiscard]] Result<const rocksdb::Snapshot*> kept_snapshot(std::uint64_t number);
  /// After that many records were removed: after a number of them the room they take is given back, in the background.
  void note_removals(std::uint64_t records);
  [[nodiscard]] rocksdb::ColumnFamilyHandle* meta() { return handles_[0]; }  ///< version and counts
  [[nodiscard]] rocksdb::ColumnFamilyHandle* records() {
    return handles_[1];
  }  ///< workload, client, time, id -> content
  [[nodiscard]] rocksdb::ColumnFamilyHandle* ids() { return handles_[2]; }  ///< id -> where its record is
  [[nodiscard]] rocksdb::ColumnFamilyHandle* times() {
    return handles_[3];
  }  ///< the other orders -> where the record is

  // These need no use().
  void let_go_of_snapshot(std::uint64_t number);
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] Recovery& recovery() { return *recovery_; }
  [[nodiscard]] const std::vector<DamageReport>& damage() const { return damage_; }

 private:
  Database(std::filesystem::path folder, const RocksDbOptions& options, rocksdb::Env* env);
  [[nodiscard]] rocksdb::Status open_files();
  /// As long as the disk has no room for what opening writes: reads go on out of what is there.
  void open_to_read();
  void close();
  [[nodiscard]] rocksdb::Status reopen();
  [[nodiscard]] Status check_version();
  [[nodiscard]] Status put_version();
  void take_marks();
  [[nodiscard]] bool is_check_due() const;
  [[nodiscard]] Status check_after_damage();
  /// Reports what the log should still have had, once the database has been opened.
  [[nodiscard]] Status check_against_marks();

  const std::filesystem::path folder_;
  const RocksDbOptions options_;
  rocksdb::Env* const env_;
  std::shared_ptr<Recovery> recovery_;
  std::vector<DamageReport> damage_;  // as it was on opening
  StoreMarks marks_;
  std::atomic<std::uint64_t> removals_{0};  // since the last were written to tables
  std::shared_mutex in_use_;
  std::unique_ptr<rocksdb::DB> db_;                    // null: it could not be opened again
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;  // owned by db_, given back before it closes
  std::mutex kept_mutex_;
  std::map<std::uint64_t, const rocksdb::Snapshot*> kept_;  // of db_
  std::uint64_t next_kept_ = 0;                             // numbers are not used again
};

}  // namespace fw::logstore

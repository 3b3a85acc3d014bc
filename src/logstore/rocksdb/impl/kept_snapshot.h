#pragma once

#include <rocksdb/db.h>

#include <cstdint>

#include "logstore/rocksdb/impl/database.h"

namespace fw::logstore {

/// One view of the store over more than one use() of the database, as long as it lives and the database stays open. The
/// database outlives it.
class KeptSnapshot final {
 public:
  /// During a use().
  explicit KeptSnapshot(Database& database) : database_(database), number_(database.keep_snapshot()) {}
  ~KeptSnapshot() { database_.let_go_of_snapshot(number_); }
  KeptSnapshot(const KeptSnapshot&) = delete;
  KeptSnapshot& operator=(const KeptSnapshot&) = delete;

  /// During a use(); kUnavailable once it is lost.
  [[nodiscard]] Result<const rocksdb::Snapshot*> get() const { return database_.kept_snapshot(number_); }

 private:
  Database& database_;
  const std::uint64_t number_;
};

}  // namespace fw::logstore

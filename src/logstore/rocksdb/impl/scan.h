#pragma once

#include <rocksdb/db.h>

#include <memory>
#include <optional>
#include <string>

#include "logstore/impl/cursor.h"
#include "logstore/rocksdb/impl/database.h"
#include "logstore/rocksdb/impl/layout.h"

namespace fw::logstore {

/// Walks the records of a selection in order, on a snapshot, each step one location; the content is read when asked
/// for. A selection of workload and client walks `records` itself, any other one the index that has its order; where
/// only keys are wanted, that of the workload, and passes over those of other clients. Not thread-safe; the database
/// and the snapshot outlive it.
class Scan final {
 public:
  enum class Wanted { kRecords, kKeys };

  Scan(Database& database, const rocksdb::Snapshot* snapshot, const Selection& selection, Order order,
       const std::optional<Position>& after, Wanted wanted = Wanted::kRecords);
  Scan(const Scan&) = delete;  // nor moved: RocksDB keeps pointers into it
  Scan& operator=(const Scan&) = delete;

  [[nodiscard]] bool is_at_end() const { return !iterator_->Valid(); }
  void next();
  /// Why the scan is at its end, when that is not because there are no more records.
  [[nodiscard]] rocksdb::Status status() const { return iterator_->status(); }

  [[nodiscard]] Result<layout::Location> location() const;
  /// Whether a location belongs to the selection: false for those of other clients.
  [[nodiscard]] bool is_wanted(const layout::Location& location) const {
    return !only_client_ || location.client == *only_client_;
  }
  [[nodiscard]] Result<record::Interaction> record() const;

 private:
  Database& database_;
  rocksdb::ReadOptions point_;
  std::optional<layout::Index> index_;  // absent: the walk is over `records`
  std::optional<record::ClientId> only_client_;
  Order order_;
  std::string lower_;
  std::string upper_;
  rocksdb::Slice lower_slice_;  // RocksDB keeps pointers to these two
  rocksdb::Slice upper_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

}  // namespace fw::logstore

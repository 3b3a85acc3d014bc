#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "logstore/rocksdb/impl/database.h"

namespace fw::logstore {

struct CheckedRecords {
  std::uint64_t records = 0;
  std::uint64_t put_back = 0;         ///< records whose id was missing or pointed elsewhere
  std::uint64_t taken_out = 0;        ///< places that a record was moved away from
  std::uint64_t lost = 0;             ///< ids without a record, which are gone
  std::uint64_t entries = 0;          ///< of the orders by time, put or taken away
  std::vector<std::string> lost_ids;  ///< the first 1,000
};

/// Makes ids, orders by time and counts agree with the records that are there: what a batch does at once may be done by
/// half once a log was damaged, since families let go of their log at different times. Nothing that can be read is
/// removed: a record without an id gets one. Every pair is marked for a purge, as marks may be lost too.
///
/// Reads all keys once; for a store that nobody else uses yet. Holds 16 bytes a record. Durable on return, and begun
/// again after a crash ends the same.
[[nodiscard]] Result<CheckedRecords> check_records(Database& database);

}  // namespace fw::logstore

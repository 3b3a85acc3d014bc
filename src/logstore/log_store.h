#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "record/interaction.h"

namespace fw::logstore {

/// Which records a scan visits. Times are inclusive of `from` and exclusive of `to`.
struct Selection {
  std::optional<record::WorkloadId> workload;
  std::optional<record::ClientId> client;
  std::optional<Timestamp> from;
  std::optional<Timestamp> to;
};

enum class Order { kOldestFirst, kNewestFirst };

/// Where a scan goes on: opaque, from an earlier page of the same selection and order; printable ASCII.
struct Cursor {
  std::string token;
};

struct Page {
  std::vector<record::Interaction> records;
  std::optional<Cursor> next;  ///< absent when the scan is at its end
};

struct WorkloadSummary {
  record::WorkloadId workload;
  record::ClientId client;
  std::uint64_t records = 0;
  Timestamp oldest;
  Timestamp newest;
};

struct AppendReport {
  std::uint64_t appended = 0;      ///< new records
  std::uint64_t duplicates = 0;    ///< ids that were there already; the stored record stays as it is
  std::vector<std::size_t> known;  ///< the places of these in the batch, ascending
};

/// Durable storage of captured interactions. All members may be called from any thread, and block: call them on a
/// `disk` pool. Records are returned byte for byte as they were appended.
class LogStore {
 public:
  virtual ~LogStore() = default;

  /// Appends all records or none. On return they would survive `kill -9` and power loss. A record whose id is known is
  /// left out and counted: appending the same batch again changes nothing.
  [[nodiscard]] virtual Result<AppendReport> append(std::span<const record::Interaction> batch) = 0;

  /// Up to `limit` (1 to 10,000) records of the selection in time order; records of one time are ordered by id. Records
  /// appended while a scan goes on may or may not be seen; none is seen twice.
  [[nodiscard]] virtual Result<Page> scan(const Selection& selection, Order order, std::size_t limit,
                                          const std::optional<Cursor>& after) = 0;

  [[nodiscard]] virtual Result<std::optional<record::Interaction>> find(const record::RecordId& id) = 0;

  /// Every (workload, client) pair that has records, with exact counts, ordered by workload and client.
  [[nodiscard]] virtual Result<std::vector<WorkloadSummary>> workloads() = 0;

  /// Deletes the records of a selection; returns how many. Durable on return.
  [[nodiscard]] virtual Result<std::uint64_t> remove(const Selection& selection) = 0;

  /// Why appends would fail at present; success when none is known. Does not block.
  [[nodiscard]] virtual Status health() const { return {}; }
};

}  // namespace fw::logstore

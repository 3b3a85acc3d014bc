#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "async/deadline.h"
#include "base/result.h"
#include "logstore/verification.h"
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

/// A record without its content.
struct RecordKey {
  record::RecordId id;
  record::WorkloadId workload;
  record::ClientId client;
  Timestamp timestamp;

  friend bool operator==(const RecordKey&, const RecordKey&) = default;
};

struct KeyPage {
  std::vector<RecordKey> keys;
  std::optional<Cursor> next;  ///< absent when the scan is at its end
};

struct WorkloadSummary {
  record::WorkloadId workload;
  record::ClientId client;
  std::uint64_t records = 0;
  Timestamp oldest;
  Timestamp newest;
};

struct WorkloadPage {
  std::vector<WorkloadSummary> workloads;
  std::optional<Cursor> next;  ///< absent at the end
};

struct AppendReport {
  std::uint64_t appended = 0;      ///< new records
  std::uint64_t duplicates = 0;    ///< ids that were there already; the stored record stays as it is
  std::vector<std::size_t> known;  ///< the places of these in the batch, ascending
};

/// How many records of a pair came in one way and ended in one way.
struct RecordCount {
  record::WorkloadId workload;
  record::ClientId client;
  record::Origin origin{};
  record::Ending ending{};
  std::uint64_t records = 0;

  friend bool operator==(const RecordCount&, const RecordCount&) = default;
};

/// Records that are durable here and wait for a store elsewhere.
struct Backlog {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;          ///< of requests and responses
  std::uint64_t refused = 0;        ///< kept aside since the start: the other store will never take them
  std::optional<Timestamp> oldest;  ///< when the one that has waited longest came
  Status trouble;                   ///< why they wait; success while they are on their way
};

/// A file of the store's own that was found damaged, and is kept as it was for a person to look at.
struct KeptDamage {
  std::filesystem::path kept;  ///< a report lies beside it; gone from here on the next opening once both are
  std::string reason;
  std::uint64_t bytes = 0;         ///< of it that cannot be read
  std::uint64_t lost_records = 0;  ///< about how many records are lost with them
  bool is_at_least = false;        ///< so many, and perhaps those that came within a second before the end
};

/// A log store as it was at one moment, for scans that go on for longer. For one thread at a time; the store outlives
/// it.
class View {
 public:
  View() = default;
  View(const View&) = delete;
  View& operator=(const View&) = delete;
  virtual ~View() = default;

  /// As LogStore::scan(). kUnavailable once the view is lost, since the store had to be opened again.
  [[nodiscard]] virtual Result<Page> scan(const Selection& selection, Order order, std::size_t limit,
                                          const std::optional<Cursor>& after) = 0;
};

/// Whether find_batch() takes so many.
[[nodiscard]] Status check_batch_of_ids(std::span<const record::RecordId> ids);
/// Whether expire_contents() takes these: not too many, each with an outline and nothing else of its content.
[[nodiscard]] Status check_outlined(std::span<const record::Interaction> outlined);

/// Durable storage of captured interactions. All members may be called from any thread, and block: call them on a pool
/// of their kind; what reads more than a page goes through logstore/read.h, which minds a Deadline. Records are
/// returned byte for byte as they were appended, until their content has expired.
class LogStore {
 public:
  virtual ~LogStore() = default;

  /// Appends the records. On success all of them would survive `kill -9` and power loss, and every read that begins
  /// later sees them. A record whose id is known is left out and named: appending the same batch again changes nothing.
  /// After an error some may be in (the embedded store: all or none); appending the batch again is safe.
  [[nodiscard]] virtual Result<AppendReport> append(std::span<const record::Interaction> batch) = 0;

  /// Up to `limit` (1 to 10,000) records of the selection in time order; records of one time are ordered by id. Records
  /// appended while a scan goes on may or may not be seen; none is seen twice.
  [[nodiscard]] virtual Result<Page> scan(const Selection& selection, Order order, std::size_t limit,
                                          const std::optional<Cursor>& after) = 0;

  /// The same without contents: up to `limit` (1 to 100,000) keys. A store that keeps keys apart reads no content for
  /// it.
  [[nodiscard]] virtual Result<KeyPage> scan_keys(const Selection& selection, Order order, std::size_t limit,
                                                  const std::optional<Cursor>& after);

  /// The store as it is now. What is removed while the view lives stays on the disk. A store that keeps no such moment
  /// gives a view of itself: what comes and goes while it lives may be seen.
  [[nodiscard]] virtual Result<std::unique_ptr<View>> view();

  [[nodiscard]] virtual Result<std::optional<record::Interaction>> find(const record::RecordId& id) = 0;

  /// The records of these ids in their order, each absent where there is none: of the first ids, until the records have
  /// some 64 MiB, and of one at least where any is asked for. Whoever wants the others asks for them again. At most
  /// 10,000 ids, any of them several times.
  [[nodiscard]] virtual Result<std::vector<std::optional<record::Interaction>>> find_batch(
      std::span<const record::RecordId> ids);

  /// Every (workload, client) pair that has records, with exact counts, ordered by workload and client.
  [[nodiscard]] virtual Result<std::vector<WorkloadSummary>> workloads() = 0;

  /// Up to `limit` of them, those after an earlier page's cursor.
  [[nodiscard]] virtual Result<WorkloadPage> workloads_page(std::size_t limit, const std::optional<Cursor>& after);

  /// The same by way in and ending too, without reading a record; ordered by all four.
  [[nodiscard]] virtual Result<std::vector<RecordCount>> counts() {
    return unimplemented("this log store does not count its records by their endings");
  }

  /// Waits until reads see all that was appended before this call, at the longest until the deadline, and says what of
  /// the selection's workload and client they still lack then: about how many records, and why (success: on their
  /// way). No records: nothing is lacking, as far as is known; a store that is away is told by reads. A store that is
  /// its own journal has nothing to wait for.
  [[nodiscard]] virtual Backlog settle(const Selection&, const Deadline&) { return {}; }

  /// How much of what the store holds no read gives, because it is no record (without a time that can be read it is in
  /// no window), by reason. The selection's times do not count. Nothing for a store that takes records alone.
  [[nodiscard]] virtual Result<std::map<std::string, std::uint64_t>> left_out(const Selection&) {
    return std::map<std::string, std::uint64_t>();
  }

  /// Deletes the records of a selection; returns how many. Durable on return.
  [[nodiscard]] virtual Result<std::uint64_t> remove(const Selection& selection) = 0;
  /// The same of single records; ids that are not there do not count.
  [[nodiscard]] virtual Result<std::uint64_t> remove_records(std::span<const record::RecordId>) {
    return unimplemented("this log store deletes no single records");
  }

  /// Puts records under another workload; nothing else of them changes. Each is under one of the two at any time, and
  /// one of them after a crash. At most 10,000 ids; those that are not there, or under it already, are passed over.
  /// Returns how many were moved; durable on return.
  [[nodiscard]] virtual Result<std::uint64_t> relabel(std::span<const record::RecordId>, const record::WorkloadId&) {
    return unimplemented("this log store puts no records under another workload");
  }

  /// Takes the contents of records for good: each of these has an outline in their place, and is from then on what
  /// reads give. Counts stay. Passed over are those that are not there, or not under this workload, client and time any
  /// more, and those whose content has expired before. At most 10,000. Returns how many lost their content; durable on
  /// return, and after a crash or an error each has its content or its outline.
  [[nodiscard]] virtual Result<std::uint64_t> expire_contents(std::span<const record::Interaction>) {
    return unimplemented("this log store keeps the contents of its records as long as these");
  }

  /// What was removed or has expired is no longer read, and may still lie in the store's files: takes it off the disk,
  /// as far as that is this machine's. May take long where that is much; what it had done when the deadline ended it
  /// stays done. False: somebody is still reading some of it; to be asked again.
  [[nodiscard]] virtual Result<bool> purge(const Deadline&) { return true; }

  /// Writes a copy of the whole store as it is now into `folder`, which must not exist; appends and reads go on
  /// meanwhile. Opening a store there gives the same records.
  [[nodiscard]] virtual Status backup(const std::filesystem::path&) {
    return unimplemented("this log store cannot be copied while it is in use");
  }

  /// A check of the whole store, which changes nothing of it; appends and reads go on meanwhile.
  [[nodiscard]] virtual Result<std::unique_ptr<Verification>> verification() { return verify_by_scan(*this); }

  /// Ends what waits for a network, and what is asked later, with kUnavailable. For shutdown: appends to what lies on
  /// this machine still succeed.
  virtual void stop() {}

  /// Why appends would fail at present; success when none is known. Does not block.
  [[nodiscard]] virtual Status health() const { return {}; }
  /// What waits in a journal; nothing for a store that is its own. Does not block.
  [[nodiscard]] virtual Backlog backlog() const { return {}; }
  /// What was found damaged and mended on opening this machine's files, now or earlier. Does not block.
  [[nodiscard]] virtual std::vector<KeptDamage> damage() const { return {}; }
};

}  // namespace fw::logstore

#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "logstore/rocksdb/impl/database.h"
#include "logstore/rocksdb/impl/in_flight_ids.h"
#include "logstore/rocksdb/impl/layout.h"
#include "logstore/rocksdb/impl/time_spans.h"

namespace fw::logstore {

/// LogStore on RocksDB. Invariants, each kept by writing one batch:
/// 1. A record has exactly one entry in `records`, one in `ids` and three in `times`, or none anywhere.
/// 2. The count of a (workload, client) pair is the number of its entries in `records`; that of a kind the number of
///    those of this kind.
/// 3. Where a content was removed, moved or has expired and may still lie in a file, its stretch is marked as stale.
class RocksDbLogStore final : public LogStore {
 public:
  explicit RocksDbLogStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  [[nodiscard]] Result<AppendReport> append(std::span<const record::Interaction> batch) override;
  [[nodiscard]] Result<Page> scan(const Selection& selection, Order order, std::size_t limit,
                                  const std::optional<Cursor>& after) override;
  [[nodiscard]] Result<KeyPage> scan_keys(const Selection& selection, Order order, std::size_t limit,
                                          const std::optional<Cursor>& after) override;
  [[nodiscard]] Result<std::unique_ptr<View>> view() override;
  [[nodiscard]] Result<std::optional<record::Interaction>> find(const record::RecordId& id) override;
  [[nodiscard]] Result<std::vector<std::optional<record::Interaction>>> find_batch(
      std::span<const record::RecordId> ids) override;
  [[nodiscard]] Result<std::vector<WorkloadSummary>> workloads() override;
  [[nodiscard]] Result<WorkloadPage> workloads_page(std::size_t limit, const std::optional<Cursor>& after) override;
  [[nodiscard]] Result<std::vector<RecordCount>> counts() override;
  [[nodiscard]] Result<std::unique_ptr<Verification>> verification() override;
  [[nodiscard]] Status backup(const std::filesystem::path& folder) override;
  [[nodiscard]] Result<std::uint64_t> remove(const Selection& selection) override;
  [[nodiscard]] Result<std::uint64_t> remove_records(std::span<const record::RecordId> ids) override;
  [[nodiscard]] Result<std::uint64_t> relabel(std::span<const record::RecordId> ids,
                                              const record::WorkloadId& workload) override;
  [[nodiscard]] Result<std::uint64_t> expire_contents(std::span<const record::Interaction> outlined) override;
  [[nodiscard]] Result<bool> purge(const Deadline& deadline) override;
  [[nodiscard]] Status health() const override { return database_->recovery().health(); }
  [[nodiscard]] std::vector<KeptDamage> damage() const override;

 private:
  class MomentView;
  /// A page of a scan, during a use() of the database.
  [[nodiscard]] Result<Page> read_page(const rocksdb::Snapshot* snapshot, const Selection& selection, Order order,
                                       std::size_t limit, const std::optional<Cursor>& after);
  /// The places in the batch of records that the store has, or that stand in the batch before.
  [[nodiscard]] Result<std::vector<std::size_t>> known_records(std::span<const record::Interaction> batch);
  /// Of a pair that has records; `records` goes over all of theirs.
  [[nodiscard]] Result<TimeSpan> read_times(const layout::CountedPair& pair, rocksdb::Iterator& records) const;
  void forget_times(std::span<const record::Interaction> batch);
  /// Appends the records of some ids to `found`; stops before one that would make it too much for the memory.
  [[nodiscard]] Status find_some(const rocksdb::ReadOptions& options, std::span<const record::RecordId> ids,
                                 std::vector<std::optional<record::Interaction>>& found);
  void put_record(rocksdb::WriteBatch& writes, const record::Interaction& record);
  /// Those of the records that are still there.
  [[nodiscard]] Status delete_records(rocksdb::WriteBatch& writes, std::span<const layout::Location> records,
                                      Forgetting& forgetting);
  /// The same as relabel(), of ids that are each there once, into one batch.
  [[nodiscard]] Result<std::uint64_t> move_records(rocksdb::WriteBatch& writes, std::span<const record::RecordId> ids,
                                                   const record::WorkloadId& workload, Forgetting& forgetting);
  /// The same as expire_contents(), into one batch.
  [[nodiscard]] Result<std::uint64_t> put_outlines(rocksdb::WriteBatch& writes,
                                                   std::span<const record::Interaction> outlined);

  using Stretches = std::set<std::string>;  // as layout::stretch_of() names them
  /// For a batch that is written while removing_ is held.
  void mark_stale(rocksdb::WriteBatch& writes, const Stretches& stretches);
  struct Stale {
    std::vector<std::string> stretches;  ///< in the order of keys
    std::uint64_t before = 0;            ///< the sequence number by which all of it had been removed
  };
  [[nodiscard]] Result<Stale> stale();
  /// How many of the first stretches are compacted at once: neighbours that have less than a few files together.
  [[nodiscard]] Result<std::size_t> count_together(std::span<const std::string> stretches);
  /// False: a snapshot still sees what was there.
  [[nodiscard]] Result<bool> compact(const std::string& from, const std::string& to, std::uint64_t before,
                                     const Deadline& deadline);
  /// Takes the marks away, but for those that were put again meanwhile.
  [[nodiscard]] Status unmark(std::span<const std::string> stretches, std::uint64_t before);

  using Counts = std::map<std::string, std::int64_t>;  // by count key
  void add_counts(rocksdb::WriteBatch& writes, const Counts& counts);
  static void count(Counts& counts, const layout::Location& location, const layout::Kind& kind, int change);
  /// Calls `visit` with key and count of every entry of the meta family under `prefix`, from the key `from` on, while
  /// it returns true.
  [[nodiscard]] Status visit_counts(const rocksdb::Snapshot* snapshot, std::string_view prefix, std::string_view from,
                                    const std::function<Result<bool>(std::string_view key, std::int64_t count)>& visit);
  /// Puts all records of the batch but the known ones, which it returns, into `writes`.
  [[nodiscard]] Result<std::vector<std::size_t>> put_new(rocksdb::WriteBatch& writes,
                                                         std::span<const record::Interaction> batch);
  [[nodiscard]] Error failure(std::string_view tried, const rocksdb::Status& status) const;

  std::unique_ptr<Database> database_;
  InFlightIds in_flight_;
  TimeSpans times_;
  // Two removals of one record would count it twice, and so would a move beside one; and a mark's number is read before
  // it is written.
  std::mutex removing_;
};

}  // namespace fw::logstore

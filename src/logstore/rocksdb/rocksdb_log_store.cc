#include "logstore/rocksdb/rocksdb_log_store.h"

#include <rocksdb/utilities/checkpoint.h>

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>
#include <unordered_set>

#include "logstore/impl/cursor.h"
#include "logstore/rocksdb/impl/errors.h"
#include "logstore/rocksdb/impl/kept_snapshot.h"
#include "logstore/rocksdb/impl/record_entries.h"
#include "logstore/rocksdb/impl/rocksdb_log_store.h"
#include "logstore/rocksdb/impl/scan.h"
#include "logstore/rocksdb/impl/snapshot.h"

namespace fw::logstore {
namespace {

constexpr std::size_t kMaxPageRecords = 10'000;
constexpr std::size_t kMaxPageBytes = 64ULL << 20;
constexpr std::size_t kMaxPageKeys = 100'000;
constexpr std::size_t kMaxBatchBytes = 1ULL << 30;
constexpr std::size_t kIdsAtOnce = 64;
constexpr std::size_t kRemovalBatch = 1000;
constexpr std::size_t kEntryBytes = 512;  // of a record in a write batch, but for its content; some
constexpr std::array kIndexes{layout::Index::kTime, layout::Index::kWorkload, layout::Index::kClient};

layout::Location location_of(const record::Interaction& r) { return {r.workload, r.client, r.timestamp, r.id}; }
layout::Kind kind_of(const record::Interaction& r) { return {r.provenance.origin, r.provenance.ending}; }

/// What a batch adds of a pair and kind.
struct Added {
  explicit Added(Timestamp time) : times{time, time} {}
  void add(Timestamp time) {
    ++records;
    times.oldest = std::min(times.oldest, time);
    times.newest = std::max(times.newest, time);
  }
  TimeSpan times;
  int records = 0;
};

/// The places of a batch's records but the `known` ones.
std::vector<std::size_t> places_of_new(std::size_t batch, std::span<const std::size_t> known) {
  std::vector<std::size_t> places;
  places.reserve(batch - known.size());
  for (std::size_t i = 0; i < batch; ++i) {
    if (!known.empty() && known.front() == i) {
      known = known.subspan(1);
    } else {
      places.push_back(i);
    }
  }
  return places;
}

struct ByKind {
  static auto key(const record::Interaction& r) {
    return std::tuple(std::string_view(*r.workload), std::string_view(*r.client), kind_of(r));
  }
  bool operator()(const record::Interaction* a, const record::Interaction* b) const { return key(*a) < key(*b); }
};

/// RocksDB's own form of pieces.
class Parts final {
 public:
  explicit Parts(const layout::Pieces& pieces) {
    for (const std::string_view piece : pieces.all()) slices_.at(count_++) = piece;
  }
  [[nodiscard]] rocksdb::SliceParts get() const { return {slices_.data(), count_}; }

 private:
  std::array<rocksdb::Slice, layout::Pieces::kMost> slices_;
  int count_ = 0;
};

void put(rocksdb::WriteBatch& writes, rocksdb::ColumnFamilyHandle* family, const layout::Pieces& key,
         const layout::Pieces& value) {
  writes.Put(family, Parts(key).get(), Parts(value).get());
}

Status check_batch(std::span<const record::Interaction> batch) {
  std::size_t bytes = 0;
  for (const record::Interaction& record : batch) {
    FW_TRY(layout::check_record(record));
    bytes += record.request.size() + record.response.size();
  }
  if (bytes > kMaxBatchBytes) return too_large("a batch of records has more than 1 GiB; append it in smaller batches");
  return {};
}

}  // namespace

Result<std::unique_ptr<LogStore>> open_rocksdb_log_store(const std::filesystem::path& folder,
                                                         const RocksDbOptions& options) {
  FW_ASSIGN(auto database, Database::open(folder, options));
  return std::unique_ptr<LogStore>(std::make_unique<RocksDbLogStore>(std::move(database)));
}

Error RocksDbLogStore::failure(std::string_view tried, const rocksdb::Status& status) const {
  return store_error(tried, database_->folder(), status);
}

std::vector<KeptDamage> RocksDbLogStore::damage() const {
  std::vector<KeptDamage> damage;
  for (const DamageReport& report : database_->damage()) damage.push_back(summary(report));
  return damage;
}

Result<AppendReport> RocksDbLogStore::append(std::span<const record::Interaction> batch) {
  FW_TRY(check_batch(batch));
  const InFlightIds::Hold hold(in_flight_, batch);
  std::optional<std::vector<std::size_t>> known;
  for (bool is_first = true;; is_first = false) {
    rocksdb::Status status;
    {
      FW_ASSIGN(const auto use, database_->use());
      rocksdb::WriteBatch writes;
      // Asked again after a failure: the write that failed may have been done.
      FW_ASSIGN(auto there, put_new(writes, batch));
      const bool is_any_new = there.size() < batch.size();
      if (!known) known = std::move(there);
      if (is_any_new) status = database_->write(writes);
    }
    if (!status.ok()) forget_times(batch);  // of what may not be there
    if (status.ok()) {
      const std::size_t duplicates = known->size();
      return AppendReport{.appended = batch.size() - duplicates, .duplicates = duplicates, .known = *std::move(known)};
    }
    if (!is_first || !database_->recovery().heal().ok()) return failure("write to", status);
  }
}

Result<std::vector<std::size_t>> RocksDbLogStore::put_new(rocksdb::WriteBatch& writes,
                                                          std::span<const record::Interaction> batch) {
  FW_ASSIGN(auto known, known_records(batch));
  const auto places = places_of_new(batch.size(), known);
  std::size_t bytes = 0;
  for (const std::size_t i : places) bytes += batch[i].request.size() + batch[i].response.size() + kEntryBytes;
  writes = rocksdb::WriteBatch(bytes);
  std::map<const record::Interaction*, Added, ByKind> added;
  for (const std::size_t i : places) {
    put_record(writes, batch[i]);
    added.try_emplace(&batch[i], batch[i].timestamp).first->second.add(batch[i].timestamp);
  }
  Counts counts;
  for (const auto& [one, of_kind] : added) {
    count(counts, location_of(*one), kind_of(*one), of_kind.records);
    times_.widen(layout::count_key(one->workload, one->client), of_kind.times);
  }
  add_counts(writes, counts);
  return known;
}

void RocksDbLogStore::count(Counts& counts, const layout::Location& location, const layout::Kind& kind, int change) {
  counts[layout::count_key(location.workload, location.client)] += change;
  if (kind != layout::Kind{}) counts[layout::kind_count_key(location.workload, location.client, kind)] += change;
}

void RocksDbLogStore::add_counts(rocksdb::WriteBatch& writes, const Counts& counts) {
  for (const auto& [key, count] : counts) writes.Merge(database_->meta(), key, layout::count_value(count));
}

Result<std::vector<std::size_t>> RocksDbLogStore::known_records(std::span<const record::Interaction> batch) {
  std::vector<std::size_t> known;
  std::unordered_set<std::string_view> seen;
  seen.reserve(batch.size());
  std::vector<rocksdb::Slice> ids;
  for (std::size_t first = 0; first < batch.size(); first += ids.size()) {
    ids.clear();
    for (const auto& record : batch.subspan(first, std::min(kIdsAtOnce, batch.size() - first))) {
      ids.emplace_back(*record.id);
    }
    std::vector<rocksdb::PinnableSlice> ignored(ids.size());
    std::vector<rocksdb::Status> statuses(ids.size());
    database_->db().MultiGet({}, database_->ids(), ids.size(), ids.data(), ignored.data(), statuses.data());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!statuses[i].ok() && !statuses[i].IsNotFound()) return failure("read", statuses[i]);
      if (statuses[i].ok() || !seen.insert(*batch[first + i].id).second) known.push_back(first + i);
    }
  }
  return known;
}

void RocksDbLogStore::put_record(rocksdb::WriteBatch& writes, const record::Interaction& record) {
  const layout::RecordEntries entries(record.workload, record.client, record.timestamp, record.id, kind_of(record));
  put(writes, database_->records(), entries.record_key(), layout::RecordValue(record).pieces());
  put(writes, database_->ids(), layout::Pieces(*record.id), entries.id_value());
  for (const layout::Index index : kIndexes) {
    put(writes, database_->times(), entries.index_key(index), entries.index_value(index));
  }
}

Status RocksDbLogStore::delete_records(rocksdb::WriteBatch& writes, std::span<const layout::Location> records,
                                       Forgetting& forgetting) {
  Counts counts;
  Stretches stretches;
  std::string value;
  for (const layout::Location& location : records) {
    const auto status = database_->db().Get({}, database_->ids(), *location.id, &value);
    if (status.IsNotFound()) continue;
    if (!status.ok()) return failure("read", status);
    FW_ASSIGN(const auto found, layout::parse_id_value(location.id, value));
    writes.Delete(database_->records(), layout::record_key(location));
    writes.Delete(database_->ids(), *location.id);
    for (const layout::Index index : kIndexes) writes.Delete(database_->times(), layout::index_key(index, location));
    count(counts, location, found.kind, -1);
    forgetting.add(layout::count_key(location.workload, location.client));
    stretches.insert(layout::stretch_of(location));
  }
  add_counts(writes, counts);
  mark_stale(writes, stretches);
  return {};
}

Result<Page> RocksDbLogStore::scan(const Selection& selection, Order order, std::size_t limit,
                                   const std::optional<Cursor>& after) {
  FW_ASSIGN(const auto use, database_->use());
  const Snapshot snapshot(database_->db());
  return read_page(snapshot.get(), selection, order, limit, after);
}

class RocksDbLogStore::MomentView final : public View {
 public:
  explicit MomentView(RocksDbLogStore& store) : store_(store), snapshot_(*store.database_) {}
  Result<Page> scan(const Selection& selection, Order order, std::size_t limit,
                    const std::optional<Cursor>& after) override {
    FW_ASSIGN(const auto use, store_.database_->use());
    FW_ASSIGN(const auto* snapshot, snapshot_.get());
    return store_.read_page(snapshot, selection, order, limit, after);
  }

 private:
  RocksDbLogStore& store_;
  KeptSnapshot snapshot_;
};

Result<std::unique_ptr<View>> RocksDbLogStore::view() {
  FW_ASSIGN(const auto use, database_->use());
  return std::unique_ptr<View>(std::make_unique<MomentView>(*this));
}

Result<Page> RocksDbLogStore::read_page(const rocksdb::Snapshot* snapshot, const Selection& selection, Order order,
                                        std::size_t limit, const std::optional<Cursor>& after) {
  if (limit < 1 || limit > kMaxPageRecords) {
    return invalid_argument("a page of a scan has 1 to 10000 records, not " + std::to_string(limit));
  }
  std::optional<Position> position;
  if (after) {
    FW_ASSIGN(position, parse_cursor(*after, selection, order));
  }
  Page page;
  std::size_t bytes = 0;
  Scan scan(*database_, snapshot, selection, order, position);
  for (; !scan.is_at_end() && page.records.size() < limit && bytes < kMaxPageBytes; scan.next()) {
    FW_ASSIGN(auto record, scan.record());
    bytes += record.request.size() + record.response.size();
    page.records.push_back(std::move(record));
  }
  if (!scan.status().ok()) return failure("read", scan.status());
  if (!scan.is_at_end()) {
    const record::Interaction& last = page.records.back();
    page.next = make_cursor(selection, order, {last.timestamp, last.id});
  }
  return page;
}

Result<KeyPage> RocksDbLogStore::scan_keys(const Selection& selection, Order order, std::size_t limit,
                                           const std::optional<Cursor>& after) {
  if (limit < 1 || limit > kMaxPageKeys) {
    return invalid_argument("a page of keys has 1 to 100000 keys, not " + std::to_string(limit));
  }
  std::optional<Position> position;
  if (after) {
    FW_ASSIGN(position, parse_cursor(*after, selection, order));
  }
  FW_ASSIGN(const auto use, database_->use());
  const Snapshot snapshot(database_->db());
  KeyPage page;
  Scan scan(*database_, snapshot.get(), selection, order, position, Scan::Wanted::kKeys);
  layout::Location last;
  for (std::size_t seen = 0; !scan.is_at_end() && seen < limit; scan.next(), ++seen) {
    FW_ASSIGN(last, scan.location());
    if (scan.is_wanted(last)) page.keys.push_back({last.id, last.workload, last.client, last.time});
  }
  if (!scan.status().ok()) return failure("read", scan.status());
  if (!scan.is_at_end()) page.next = make_cursor(selection, order, {last.time, last.id});
  return page;
}

Result<std::optional<record::Interaction>> RocksDbLogStore::find(const record::RecordId& id) {
  FW_ASSIGN(auto found, find_batch(std::span(&id, 1)));
  return std::move(found.front());
}

Result<std::vector<std::optional<record::Interaction>>> RocksDbLogStore::find_batch(
    std::span<const record::RecordId> ids) {
  FW_TRY(check_batch_of_ids(ids));
  FW_ASSIGN(const auto use, database_->use());
  const Snapshot snapshot(database_->db());
  rocksdb::ReadOptions options;
  options.snapshot = snapshot.get();
  options.value_size_soft_limit = kMaxPageBytes;
  std::vector<std::optional<record::Interaction>> found;
  std::size_t bytes = 0;
  while (found.size() < ids.size() && bytes < kMaxPageBytes) {
    const std::size_t before = found.size();
    FW_TRY(find_some(options, ids.subspan(before, std::min(kIdsAtOnce, ids.size() - before)), found));
    for (std::size_t i = before; i < found.size(); ++i) {
      if (found[i]) bytes += found[i]->request.size() + found[i]->response.size();
    }
  }
  return found;
}

Status RocksDbLogStore::find_some(const rocksdb::ReadOptions& options, std::span<const record::RecordId> ids,
                                  std::vector<std::optional<record::Interaction>>& found) {
  std::vector<rocksdb::Slice> keys;
  for (const record::RecordId& id : ids) keys.emplace_back(*id);
  std::vector<rocksdb::PinnableSlice> values(ids.size());
  std::vector<rocksdb::Status> statuses(ids.size());
  database_->db().MultiGet(options, database_->ids(), keys.size(), keys.data(), values.data(), statuses.data());
  std::vector<std::optional<record::Interaction>> records(ids.size());
  std::vector<std::string> record_keys;
  std::vector<std::size_t> places;  // of these
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (statuses[i].IsNotFound()) continue;
    if (!statuses[i].ok()) return failure("read", statuses[i]);
    FW_ASSIGN(layout::LocatedKind at, layout::parse_id_value(ids[i], values[i].ToStringView()));
    record_keys.push_back(layout::record_key(at.location));
    places.push_back(i);
    records[i] = record::Interaction{.id = ids[i],
                                     .workload = std::move(at.location.workload),
                                     .client = std::move(at.location.client),
                                     .timestamp = at.location.time,
                                     .request = {},
                                     .response = {}};
  }
  keys.assign(record_keys.begin(), record_keys.end());
  for (auto& value : values) value.Reset();
  database_->db().MultiGet(options, database_->records(), keys.size(), keys.data(), values.data(), statuses.data());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].IsAborted()) {  // the soft limit; RocksDB reads in the order of keys
      if (places[i] > 0) {
        records.resize(places[i]);
        break;
      }
      statuses[i] = database_->db().Get(options, database_->records(), keys[i], &values[i]);
    }
    if (!statuses[i].ok()) return failure("read", statuses[i]);
    FW_TRY(layout::parse_record_value(values[i].ToStringView(), *records[places[i]]));
  }
  std::ranges::move(records, std::back_inserter(found));
  return {};
}

Result<std::uint64_t> RocksDbLogStore::remove(const Selection& selection) {
  const std::lock_guard lock(removing_);
  FW_ASSIGN(const auto use, database_->use());
  const Snapshot snapshot(database_->db());
  std::uint64_t removed = 0;
  Scan scan(*database_, snapshot.get(), selection, Order::kOldestFirst, std::nullopt);
  while (!scan.is_at_end()) {
    std::vector<layout::Location> batch;
    for (; batch.size() < kRemovalBatch && !scan.is_at_end(); scan.next()) {
      FW_ASSIGN(auto location, scan.location());
      batch.push_back(std::move(location));
    }
    Forgetting forgetting(times_);
    rocksdb::WriteBatch writes;
    FW_TRY(delete_records(writes, batch, forgetting));
    if (const auto status = database_->write(writes); !status.ok()) return failure("write to", status);
    removed += batch.size();
    database_->note_removals(batch.size());
  }
  if (!scan.status().ok()) return failure("read", scan.status());
  return removed;
}

Status RocksDbLogStore::backup(const std::filesystem::path& folder) {
  std::error_code ignored;
  if (std::filesystem::exists(folder, ignored)) {
    return already_exists(folder.string() + " exists; a backup is written into a folder of its own");
  }
  FW_ASSIGN(const auto use, database_->use());
  rocksdb::Checkpoint* made = nullptr;
  auto status = rocksdb::Checkpoint::Create(&database_->db(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  // 0: what is in memory is written to a table first, so that the copy needs no log.
  if (status.ok()) status = checkpoint->CreateCheckpoint(folder.string(), 0);
  if (!status.ok()) return failure("copy", status);
  return {};
}

Result<std::uint64_t> RocksDbLogStore::remove_records(std::span<const record::RecordId> ids) {
  const std::lock_guard lock(removing_);
  FW_ASSIGN(const auto use, database_->use());
  const std::unordered_set<record::RecordId> each_once(ids.begin(), ids.end());
  std::vector<layout::Location> locations;
  std::string value;
  for (const record::RecordId& id : each_once) {
    const auto status = database_->db().Get({}, database_->ids(), *id, &value);
    if (status.IsNotFound()) continue;
    if (!status.ok()) return failure("read", status);
    FW_ASSIGN(auto found, layout::parse_id_value(id, value));
    locations.push_back(std::move(found.location));
  }
  Forgetting forgetting(times_);
  rocksdb::WriteBatch writes;
  FW_TRY(delete_records(writes, locations, forgetting));
  if (const auto status = database_->write(writes); !status.ok()) return failure("write to", status);
  database_->note_removals(locations.size());
  return locations.size();
}

Result<std::uint64_t> RocksDbLogStore::relabel(std::span<const record::RecordId> ids,
                                               const record::WorkloadId& workload) {
  FW_TRY(check_batch_of_ids(ids));
  if (!layout::is_name(*workload)) return invalid_argument("a record's workload id is empty");
  std::vector<record::RecordId> each_once(ids.begin(), ids.end());
  std::ranges::sort(each_once);
  const auto again = std::ranges::unique(each_once);
  each_once.erase(again.begin(), again.end());
  const std::lock_guard lock(removing_);
  FW_ASSIGN(const auto use, database_->use());
  std::uint64_t moved = 0;
  for (std::span<const record::RecordId> left(each_once); !left.empty();) {
    const auto some = left.first(std::min(left.size(), kIdsAtOnce));
    Forgetting forgetting(times_);
    rocksdb::WriteBatch writes;
    FW_ASSIGN(const std::uint64_t now, move_records(writes, some, workload, forgetting));
    if (const auto status = now > 0 ? database_->write(writes) : rocksdb::Status(); !status.ok()) {
      return failure("write to", status);
    }
    moved += now;
    left = left.subspan(some.size());
  }
  return moved;
}

Result<std::uint64_t> RocksDbLogStore::move_records(rocksdb::WriteBatch& writes, std::span<const record::RecordId> ids,
                                                    const record::WorkloadId& workload, Forgetting& forgetting) {
  Counts counts;
  Stretches stretches;
  std::uint64_t moved = 0;
  std::string value, content;
  for (const record::RecordId& id : ids) {
    const auto found = database_->db().Get({}, database_->ids(), *id, &value);
    if (found.IsNotFound()) continue;
    if (!found.ok()) return failure("read", found);
    FW_ASSIGN(const auto at, layout::parse_id_value(id, value));
    if (at.location.workload == workload) continue;
    layout::Location to = at.location;
    to.workload = workload;
    const auto read = database_->db().Get({}, database_->records(), layout::record_key(at.location), &content);
    if (!read.ok()) return failure("read", read);
    writes.Delete(database_->records(), layout::record_key(at.location));
    writes.Put(database_->records(), layout::record_key(to), content);
    writes.Put(database_->ids(), *id, layout::id_value(to, at.kind));
    for (const layout::Index index : kIndexes) {
      writes.Delete(database_->times(), layout::index_key(index, at.location));
      writes.Put(database_->times(), layout::index_key(index, to), layout::index_value(index, to));
    }
    count(counts, at.location, at.kind, -1);
    count(counts, to, at.kind, +1);
    forgetting.add(layout::count_key(at.location.workload, at.location.client));
    forgetting.add(layout::count_key(to.workload, to.client));
    stretches.insert(layout::stretch_of(at.location));
    ++moved;
  }
  add_counts(writes, counts);
  mark_stale(writes, stretches);
  return moved;
}

Result<std::uint64_t> RocksDbLogStore::expire_contents(std::span<const record::Interaction> outlined) {
  FW_TRY(check_outlined(outlined));
  const std::lock_guard lock(removing_);
  FW_ASSIGN(const auto use, database_->use());
  std::uint64_t expired = 0;
  while (!outlined.empty()) {
    const auto some = outlined.first(std::min(outlined.size(), kRemovalBatch));
    rocksdb::WriteBatch writes;
    FW_ASSIGN(const std::uint64_t now, put_outlines(writes, some));
    if (const auto status = now > 0 ? database_->write(writes) : rocksdb::Status(); !status.ok()) {
      return failure("write to", status);
    }
    expired += now;
    outlined = outlined.subspan(some.size());
  }
  return expired;
}

Result<std::uint64_t> RocksDbLogStore::put_outlines(rocksdb::WriteBatch& writes,
                                                    std::span<const record::Interaction> outlined) {
  Stretches stretches;
  std::unordered_set<std::string_view> seen;
  std::string value;
  rocksdb::PinnableSlice content;
  for (const record::Interaction& record : outlined) {
    const auto found = database_->db().Get({}, database_->ids(), *record.id, &value);
    if (found.IsNotFound() || !seen.insert(*record.id).second) continue;
    if (!found.ok()) return failure("read", found);
    FW_ASSIGN(const auto at, layout::parse_id_value(record.id, value));
    if (at.location != location_of(record)) continue;
    const std::string key = layout::record_key(at.location);
    content.Reset();
    const auto read = database_->db().Get({}, database_->records(), key, &content);
    if (!read.ok()) return failure("read", read);
    if (layout::is_outline(content.ToStringView())) continue;
    writes.Put(database_->records(), key, layout::record_value(record));
    stretches.insert(layout::stretch_of(at.location));
  }
  const auto expired = static_cast<std::uint64_t>(writes.Count());
  mark_stale(writes, stretches);
  return expired;
}

}  // namespace fw::logstore

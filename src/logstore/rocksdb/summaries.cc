// What the store knows of its records without reading them: counts, and lists of workloads.

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include "logstore/impl/cursor.h"
#include "logstore/rocksdb/impl/rocksdb_log_store.h"
#include "logstore/rocksdb/impl/snapshot.h"

namespace fw::logstore {

Status RocksDbLogStore::visit_counts(const rocksdb::Snapshot* snapshot, std::string_view prefix, std::string_view from,
                                     const std::function<Result<bool>(std::string_view, std::int64_t)>& visit) {
  const std::string end = layout::past_prefix(std::string(prefix));
  const rocksdb::Slice end_slice(end);
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  options.iterate_upper_bound = &end_slice;
  const std::unique_ptr<rocksdb::Iterator> entry(database_->db().NewIterator(options, database_->meta()));
  for (entry->Seek(rocksdb::Slice(from)); entry->Valid(); entry->Next()) {
    const auto count = layout::parse_count_value(entry->value().ToStringView());
    if (!count) return data_loss("the log store " + database_->folder().string() + " holds a damaged count");
    FW_ASSIGN(const bool goes_on, visit(entry->key().ToStringView(), *count));
    if (!goes_on) return {};
  }
  if (!entry->status().ok()) return failure("read", entry->status());
  return {};
}

Result<std::vector<WorkloadSummary>> RocksDbLogStore::workloads() {
  FW_ASSIGN(auto page, workloads_page(std::numeric_limits<std::size_t>::max(), std::nullopt));
  return std::move(page.workloads);
}

Result<WorkloadPage> RocksDbLogStore::workloads_page(std::size_t limit, const std::optional<Cursor>& after) {
  std::string from(layout::kCountPrefix);
  if (after) {
    FW_ASSIGN(from, parse_workload_cursor(*after));
  }
  FW_ASSIGN(const auto use, database_->use());
  const std::uint64_t mark = times_.mark();
  const Snapshot snapshot(database_->db());
  std::unique_ptr<rocksdb::Iterator> records;  // where one has to be asked
  const auto times_of = [&](std::string_view key, const layout::CountedPair& pair) -> Result<TimeSpan> {
    if (const auto known = times_.find(key)) return *known;
    if (!records) {
      rocksdb::ReadOptions all;
      all.snapshot = snapshot.get();
      records.reset(database_->db().NewIterator(all, database_->records()));
    }
    FW_ASSIGN(const TimeSpan times, read_times(pair, *records));
    times_.learn(mark, std::string(key), times);
    return times;
  };
  WorkloadPage page;
  FW_TRY(visit_counts(snapshot.get(), layout::kCountPrefix, from,
                      [&](std::string_view key, std::int64_t count) -> Result<bool> {
                        if (page.workloads.size() >= limit) {
                          page.next = make_workload_cursor(key);
                          return false;
                        }
                        FW_ASSIGN(const auto pair, layout::parse_count_key(key));
                        if (count == 0) return true;
                        FW_ASSIGN(const TimeSpan times, times_of(key, pair));
                        page.workloads.push_back({.workload = pair.workload,
                                                  .client = pair.client,
                                                  .records = static_cast<std::uint64_t>(count),
                                                  .oldest = times.oldest,
                                                  .newest = times.newest});
                        return true;
                      }));
  return page;
}

Result<std::vector<RecordCount>> RocksDbLogStore::counts() {
  FW_ASSIGN(const auto use, database_->use());
  const Snapshot snapshot(database_->db());
  std::vector<RecordCount> counts;
  const auto add = [&](const layout::CountedPair& pair, const layout::Kind& kind, std::int64_t count) {
    counts.push_back({pair.workload, pair.client, kind.origin, kind.ending, static_cast<std::uint64_t>(count)});
  };
  std::map<std::string, std::int64_t> of_other_kinds;  // by the pair's count key
  const auto add_kind = [&](std::string_view key, std::int64_t count) -> Result<bool> {
    FW_ASSIGN(const auto counted, layout::parse_kind_count_key(key));
    of_other_kinds[layout::count_key(counted.pair.workload, counted.pair.client)] += count;
    add(counted.pair, counted.kind, count);
    return true;
  };
  FW_TRY(visit_counts(snapshot.get(), layout::kKindCountPrefix, layout::kKindCountPrefix, add_kind));
  const auto add_rest = [&](std::string_view key, std::int64_t count) -> Result<bool> {
    FW_ASSIGN(const auto pair, layout::parse_count_key(key));
    add(pair, {}, count - of_other_kinds[std::string(key)]);
    return true;
  };
  FW_TRY(visit_counts(snapshot.get(), layout::kCountPrefix, layout::kCountPrefix, add_rest));
  std::erase_if(counts, [](const RecordCount& one) { return one.records == 0; });
  std::ranges::sort(
      counts, {}, [](const RecordCount& one) { return std::tuple(one.workload, one.client, one.origin, one.ending); });
  return counts;
}

void RocksDbLogStore::forget_times(std::span<const record::Interaction> batch) {
  Forgetting forgetting(times_);
  for (const auto& record : batch) forgetting.add(layout::count_key(record.workload, record.client));
}

Result<TimeSpan> RocksDbLogStore::read_times(const layout::CountedPair& pair, rocksdb::Iterator& records) const {
  const std::string prefix = layout::record_prefix(pair.workload, pair.client);
  const auto time_here = [&]() -> Result<Timestamp> {
    if (records.Valid() && records.key().starts_with(prefix)) {
      FW_ASSIGN(const auto location, layout::parse_record_key(records.key().ToStringView()));
      return location.time;
    }
    if (!records.status().ok()) return failure("read", records.status());
    return data_loss("the log store " + database_->folder().string() + " counts records of workload " + *pair.workload +
                     " that it does not have; restore the folder from a backup");
  };
  records.Seek(prefix);
  FW_ASSIGN(const auto oldest, time_here());
  records.SeekForPrev(layout::past_prefix(prefix));
  FW_ASSIGN(const auto newest, time_here());
  return TimeSpan{oldest, newest};
}

}  // namespace fw::logstore

#include <algorithm>
#include <atomic>
#include <stop_token>

#include "base/log.h"
#include "logstore/rocksdb/impl/big_endian.h"
#include "logstore/rocksdb/impl/rocksdb_log_store.h"

/// RocksDB's removals and overwritten values stay in its files until these happen to be compacted: here they are.
namespace fw::logstore {
namespace {

constexpr const char* kPurging = "taking what was removed off the disk";
constexpr int kNumberBytes = 8;
// A compaction rewrites whole files, of some 64 MiB: neighbours share them.
constexpr std::uint64_t kMostTogether = 256ULL << 20;

/// A whole pair's mark comes before those of its stretches and reaches beyond them.
std::string end_of(std::span<const std::string> stretches) {
  std::string end;
  for (const std::string& stretch : stretches) end = std::max(end, layout::past_stretch(stretch));
  return end;
}

std::string key_of(const std::string& stretch) { return std::string(layout::kStaleSign) + stretch; }

}  // namespace

void RocksDbLogStore::mark_stale(rocksdb::WriteBatch& writes, const Stretches& stretches) {
  std::string number;
  layout::append_big_endian(number, database_->db().GetLatestSequenceNumber(), kNumberBytes);
  for (const std::string& stretch : stretches) writes.Put(database_->meta(), key_of(stretch), number);
}

Result<RocksDbLogStore::Stale> RocksDbLogStore::stale() {
  const std::lock_guard lock(removing_);
  FW_ASSIGN(const auto use, database_->use());
  Stale stale;
  stale.before = database_->db().GetLatestSequenceNumber();
  const std::string end = layout::past_prefix(std::string(layout::kStaleSign));
  const rocksdb::Slice end_slice(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &end_slice;
  const std::unique_ptr<rocksdb::Iterator> entry(database_->db().NewIterator(options, database_->meta()));
  for (entry->Seek(rocksdb::Slice(layout::kStaleSign)); entry->Valid(); entry->Next()) {
    stale.stretches.emplace_back(entry->key().ToStringView().substr(layout::kStaleSign.size()));
  }
  if (!entry->status().ok()) return failure("read", entry->status());
  return stale;
}

Result<bool> RocksDbLogStore::purge(const Deadline& deadline) {
  FW_ASSIGN(const Stale stale, this->stale());
  if (stale.stretches.empty()) return true;
  {
    FW_ASSIGN(const auto use, database_->use());
    if (const auto status = database_->flush(); !status.ok()) return failure("write to", status);
  }
  bool is_all_gone = true;
  for (std::span<const std::string> left(stale.stretches); !left.empty();) {
    FW_TRY(deadline.check(kPurging));
    FW_ASSIGN(const std::size_t many, count_together(left));
    FW_ASSIGN(const bool is_gone, compact(left.front(), end_of(left.first(many)), stale.before, deadline));
    if (is_gone) FW_TRY(unmark(left.first(many), stale.before));
    is_all_gone = is_all_gone && is_gone;
    left = left.subspan(many);
  }
  log_info("logstore", "what was removed was taken off the disk", {{"stretches", stale.stretches.size()}});
  return is_all_gone;
}

Result<std::size_t> RocksDbLogStore::count_together(std::span<const std::string> stretches) {
  FW_ASSIGN(const auto use, database_->use());
  rocksdb::SizeApproximationOptions in_files;
  in_files.include_files = true;
  std::size_t many = 1;
  std::string end = layout::past_stretch(stretches.front());
  for (; many < stretches.size(); ++many) {
    end = std::max(end, layout::past_stretch(stretches[many]));
    const rocksdb::Range range(stretches.front(), end);
    std::uint64_t bytes = 0;
    const auto status = database_->db().GetApproximateSizes(in_files, database_->records(), &range, 1, &bytes);
    if (!status.ok()) return failure("read", status);
    if (bytes > kMostTogether) break;
  }
  return many;
}

Result<bool> RocksDbLogStore::compact(const std::string& from, const std::string& to, std::uint64_t before,
                                      const Deadline& deadline) {
  FW_ASSIGN(const auto use, database_->use());
  // A compaction keeps what a snapshot sees: one that is older than the last removal may see what was there.
  std::uint64_t oldest = 0;
  const bool is_known =
      database_->db().GetIntProperty(database_->records(), rocksdb::DB::Properties::kOldestSnapshotSequence, &oldest);
  if (!is_known || (oldest != 0 && oldest < before)) return false;
  std::atomic<bool> is_over = deadline.is_cancelled();
  const std::stop_callback end(deadline.stop_token(), [&is_over] { is_over = true; });
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  options.canceled = &is_over;
  const rocksdb::Slice first(from);
  const rocksdb::Slice past(to);
  const auto status = database_->db().CompactRange(options, database_->records(), &first, &past);
  if (!status.ok() && is_over) return cancelled(std::string(kPurging) + " was stopped");
  if (!status.ok()) return failure("compact", status);
  return true;
}

Status RocksDbLogStore::unmark(std::span<const std::string> stretches, std::uint64_t before) {
  const std::lock_guard lock(removing_);
  FW_ASSIGN(const auto use, database_->use());
  rocksdb::WriteBatch writes;
  std::string number;
  for (const std::string& stretch : stretches) {
    const auto status = database_->db().Get({}, database_->meta(), key_of(stretch), &number);
    if (status.IsNotFound()) continue;
    if (!status.ok()) return failure("read", status);
    if (layout::parse_big_endian(number) < before) writes.Delete(database_->meta(), key_of(stretch));
  }
  const auto status = writes.Count() > 0 ? database_->write(writes) : rocksdb::Status();
  return status.ok() ? Status() : Status(failure("write to", status));
}

}  // namespace fw::logstore

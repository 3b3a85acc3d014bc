#include "logstore/rocksdb/impl/database.h"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/merge_operator.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "io/file.h"
#include "logstore/rocksdb/impl/errors.h"
#include "logstore/rocksdb/impl/layout.h"

namespace fw::logstore {
namespace {

constexpr std::array<const char*, 4> kFamilies{"default", "records", "ids", "times"};

/// Adds signed counts: appends and removals of different threads need no lock, and a count is in the same batch as the
/// records that it counts.
class AddCounts final : public rocksdb::AssociativeMergeOperator {
 public:
  bool Merge(const rocksdb::Slice&, const rocksdb::Slice* existing, const rocksdb::Slice& value, std::string* sum,
             rocksdb::Logger*) const override {
    const auto old = existing != nullptr ? layout::parse_count_value(existing->ToStringView()) : 0;
    const auto change = layout::parse_count_value(value.ToStringView());
    if (!old || !change) return false;
    *sum = layout::count_value(*old + *change);
    return true;
  }
  [[nodiscard]] const char* Name() const override { return "flywheel.add_counts"; }
};

/// Keeps RocksDB from retrying by itself after an error: it would be busy with that just when an append finds out
/// whether the disk has space again, and appends try anyway.
class NoRetryOfItsOwn final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

rocksdb::DBOptions database_options(rocksdb::Env* env) {
  rocksdb::DBOptions options;
  if (env != nullptr) options.env = env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  // A torn record at the end of the log was never acknowledged. Damage anywhere else would silently cost acknowledged
  // records if recovery went on: it is an error instead.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.track_and_verify_wals_in_manifest = true;
  options.listeners.push_back(std::make_shared<NoRetryOfItsOwn>());
  options.max_background_jobs = 2;
  options.max_open_files = 512;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.keep_log_file_num = 2;
  options.stats_dump_period_sec = 0;
  options.max_total_wal_size = 512ULL << 20;
  return options;
}

rocksdb::ColumnFamilyOptions family_options(std::string_view family, const RocksDbOptions& ours,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = family == "records" ? 32 << 10 : 8 << 10;
  table.format_version = 5;
  if (family == "ids") table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));

  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kLZ4Compression;
  options.bottommost_compression = rocksdb::kZSTD;
  options.level_compaction_dynamic_level_bytes = true;
  options.write_buffer_size = family == "records" ? ours.write_buffer_bytes : ours.write_buffer_bytes / 4;
  options.merge_operator = std::make_shared<AddCounts>();
  return options;
}

/// The families that the store has: a newer version's store may have more, and RocksDB opens all or nothing.
Result<std::vector<std::string>> existing_families(const std::filesystem::path& folder,
                                                   const rocksdb::DBOptions& options) {
  std::error_code ignored;
  if (!std::filesystem::exists(folder / "CURRENT", ignored)) return std::vector<std::string>{};
  std::vector<std::string> names;
  const auto status = rocksdb::DB::ListColumnFamilies(options, folder.string(), &names);
  if (!status.ok()) return store_error("open", folder, status);
  return names;
}

std::vector<rocksdb::ColumnFamilyDescriptor> descriptors_for(const std::vector<std::string>& existing,
                                                             const RocksDbOptions& options) {
  const auto cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  std::vector<std::string> names(kFamilies.begin(), kFamilies.end());
  for (const std::string& name : existing) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) descriptors.emplace_back(name, family_options(name, options, cache));
  return descriptors;
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& folder, const RocksDbOptions& options,
                                                 rocksdb::Env* env) {
  FW_TRY(io::create_folders(folder));
  const rocksdb::DBOptions database = database_options(env);
  FW_ASSIGN(const auto existing, existing_families(folder, database));
  std::unique_ptr<Database> opened(new Database(folder));
  rocksdb::DB* db = nullptr;
  const auto status =
      rocksdb::DB::Open(database, folder.string(), descriptors_for(existing, options), &opened->handles_, &db);
  opened->db_.reset(db);
  if (!status.ok()) return store_error("open", folder, status);
  FW_TRY(opened->check_version());
  return opened;
}

Database::~Database() {
  if (!db_) return;
  for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  (void)db_->Close();
}

Status Database::check_version() {
  std::string text;
  const auto status = db_->Get({}, meta(), rocksdb::Slice(layout::kVersionKey), &text);
  if (status.IsNotFound()) {
    // A new store, or one whose making was cut short before its version was written: then it holds nothing.
    for (auto* handle : handles_) {
      const std::unique_ptr<rocksdb::Iterator> first(db_->NewIterator({}, handle));
      first->SeekToFirst();
      if (first->Valid()) {
        return failed_precondition(folder_.string() +
                                   " holds a RocksDB store that is not Flywheel's; choose another folder");
      }
      if (!first->status().ok()) return store_error("read", folder_, first->status());
    }
    rocksdb::WriteOptions durable;
    durable.sync = true;
    const auto put =
        db_->Put(durable, meta(), rocksdb::Slice(layout::kVersionKey), std::to_string(layout::kFormatVersion));
    if (!put.ok()) return store_error("initialise", folder_, put);
    return {};
  }
  if (!status.ok()) return store_error("read", folder_, status);
  std::uint32_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || version == 0) {
    return data_loss("the log store " + folder_.string() +
                     " has no readable version; restore the folder from a backup");
  }
  if (version > layout::kFormatVersion) {
    return failed_precondition("the log store " + folder_.string() + " has format " + text +
                               ", made by a newer Flywheel; this one reads up to " +
                               std::to_string(layout::kFormatVersion) +
                               ": upgrade, or choose another folder with --data");
  }
  return {};
}

}  // namespace fw::logstore

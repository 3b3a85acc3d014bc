#include "logstore/rocksdb/impl/database.h"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/merge_operator.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/log.h"
#include "io/file.h"
#include "logstore/rocksdb/impl/engine_log.h"
#include "logstore/rocksdb/impl/errors.h"
#include "logstore/rocksdb/impl/layout.h"
#include "logstore/rocksdb/impl/record_check.h"
#include "logstore/rocksdb/impl/series.h"
#include "logstore/rocksdb/impl/torn_log.h"

namespace fw::logstore {
namespace {

// Records of one workload lie side by side and repeat their system message, their tools and their history. A block that
// holds several of them, and a dictionary of what the whole table repeats, store that once: recorded dialogues of an
// agent take 36 times less than raw once compacted (7 times with lz4 and blocks of 32 KiB; content alone), and a single
// record is read in 0.15 ms.
constexpr std::size_t kRecordBlockBytes = 64 << 10;
constexpr std::uint32_t kDictionaryBytes = 128 << 10;
constexpr std::uint64_t kDictionaryBufferBytes = 16 << 20;  // of a table, in memory while its dictionary is made

constexpr std::size_t kMostUnaddedCounts = 64;  // a reader of a count adds at most as many
// A table whose keys are mostly removals somewhere is compacted though no level is too large: until then what was
// removed takes room, and whoever looks for the oldest record steps over all of it.
constexpr std::size_t kKeysInARow = 1000;
constexpr std::size_t kRemovalsOfThese = 500;
constexpr double kRemovalsOfATable = 0.5;
constexpr std::uint64_t kMostUnwrittenRemovals = 20'000;  // that readers step over in memory
constexpr std::size_t kDescriptorsToOpen = 32;
constexpr std::size_t kProbeBytes = 64 << 10;
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

rocksdb::DBOptions database_options(rocksdb::Env* env) {
  rocksdb::DBOptions options;
  options.env = env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  // A torn record at the end of the log was never acknowledged. Damage anywhere else would silently cost acknowledged
  // records if recovery went on: it is an error instead, and damaged_logs.h takes out of the log what is whole. This
  // mode forgives a record that is too short, torn_log.h one of which pages are missing.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.track_and_verify_wals_in_manifest = true;
  options.max_bgerror_resume_count = 0;  // Recovery does it
  options.max_background_jobs = 2;
  options.max_open_files = 512;
  options.info_log = std::make_shared<EngineLog>();
  options.stats_dump_period_sec = 0;
  options.max_total_wal_size = 512ULL << 20;
  return options;
}

rocksdb::ColumnFamilyOptions family_options(std::string_view family, const RocksDbOptions& ours,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = family == "records" ? kRecordBlockBytes : 8 << 10;
  table.format_version = 5;
  if (family == "ids") table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));

  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // What comes straight from memory is compacted soon, and compressed again: lz4 takes a third less processor for a
  // flush, and until then 1.7 times the room.
  options.compression = rocksdb::kLZ4Compression;
  if (family == "records") options.compression_per_level = {rocksdb::kLZ4Compression, rocksdb::kZSTD};
  options.bottommost_compression = rocksdb::kZSTD;
  if (family == "records") {
    options.bottommost_compression_opts.enabled = true;
    options.bottommost_compression_opts.max_dict_bytes = kDictionaryBytes;
    options.bottommost_compression_opts.max_dict_buffer_bytes = kDictionaryBufferBytes;
  }
  options.level_compaction_dynamic_level_bytes = true;
  options.write_buffer_size = family == "records" ? ours.write_buffer_bytes : ours.write_buffer_bytes / 4;
  options.memtable_insert_with_hint_prefix_extractor = series_of_family(family);
  if (family == "ids") {  // every append asks for ids that are nearly always new
    options.memtable_whole_key_filtering = true;
    options.memtable_prefix_bloom_size_ratio = 0.02;
  }
  options.table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(kKeysInARow, kRemovalsOfThese, kRemovalsOfATable));
  options.merge_operator = std::make_shared<AddCounts>();
  options.max_successive_merges = kMostUnaddedCounts;
  return options;
}

/// The families that the store has: a newer version's store may have more, and RocksDB opens all or nothing.
rocksdb::Status existing_families(const std::filesystem::path& folder, const rocksdb::DBOptions& options,
                                  std::vector<std::string>& names) {
  std::error_code ignored;
  if (!std::filesystem::exists(folder / "CURRENT", ignored)) return rocksdb::Status::OK();
  return rocksdb::DB::ListColumnFamilies(options, folder.string(), &names);
}

/// RocksDB would make one that its manifest has lost anew, and drop what the logs hold of it. All of them are made
/// before the first record comes.
Status check_families(const std::filesystem::path& folder, const rocksdb::DBOptions& options) {
  std::vector<std::string> names;
  if (!existing_families(folder, options, names).ok() || names.empty() || !holds_records(folder)) return {};
  for (const char* family : kFamilies) {
    if (std::ranges::find(names, family) == names.end())
      return files_damaged(folder, "its manifest has lost a part, or it is not Flywheel's");
  }
  return {};
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

/// Whether the disk takes a file, and the process has the descriptors that opening a database needs.
rocksdb::Status probe(rocksdb::Env& env, const std::filesystem::path& folder) {
  std::vector<std::unique_ptr<rocksdb::SequentialFile>> descriptors(kDescriptorsToOpen);
  for (auto& one : descriptors) {
    if (auto status = env.NewSequentialFile((folder / "CURRENT").string(), &one, {}); !status.ok()) return status;
  }
  const std::string name = (folder / "probe.tmp").string();
  std::unique_ptr<rocksdb::WritableFile> file;
  auto status = env.NewWritableFile(name, &file, {});
  if (status.ok()) status = file->Append(std::string(kProbeBytes, '\0'));
  if (status.ok()) status = file->Sync();
  file.reset();
  (void)env.DeleteFile(name);
  return status;
}

/// What opening may write at the most: what the logs hold, and some for names and manifests.
std::uint64_t room_to_open(const std::filesystem::path& folder) {
  constexpr std::uint64_t kNames = 8 << 20;
  std::uint64_t bytes = kNames;
  std::error_code ignored;
  for (std::filesystem::directory_iterator at(folder, ignored), end; !ignored && at != end; at.increment(ignored)) {
    if (at->path().extension() != ".log") continue;
    if (const auto size = at->file_size(ignored); !ignored) bytes += size;
  }
  return bytes;
}

/// Of a full disk how much has to be freed.
Error full_of(Error error, const std::filesystem::path& folder) {
  if (error.code != ErrorCode::kStorageFull) return error;
  error.message += ": some " + std::to_string((room_to_open(folder) >> 20) + 1) + " MiB are needed to open it";
  return error;
}

/// In a frame of its own, so that a stack that ends in RocksDB names Database::write (cmake/tsan.supp).
[[gnu::noinline]] rocksdb::Status write_durably(rocksdb::DB& db, rocksdb::WriteBatch& batch) {
  rocksdb::WriteOptions durable;
  durable.sync = true;
  return db.Write(durable, &batch);
}

}  // namespace

Database::Database(std::filesystem::path folder, const RocksDbOptions& options, rocksdb::Env* env)
    : folder_(std::move(folder)),
      options_(options),
      env_(env != nullptr ? env : rocksdb::Env::Default()),
      recovery_(std::make_shared<Recovery>(folder_, [this] { return reopen(); })),
      marks_(folder_) {}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& folder, const RocksDbOptions& options,
                                                 rocksdb::Env* env) {
  FW_TRY(io::create_folders(folder));
  std::unique_ptr<Database> opened(new Database(folder, options, env));
  FW_TRY(opened->marks_.check_files());
  FW_TRY(check_families(folder, database_options(opened->env_)));
  auto status = opened->open_files();
  if (status.IsCorruption()) {
    FW_ASSIGN(const bool is_cut, cut_torn_end(folder));
    if (is_cut) status = opened->open_files();
  }
  if (status.IsCorruption()) {
    FW_ASSIGN(const auto damaged, put_damage_aside(folder));
    if (!damaged.empty()) status = opened->open_files();
  }
  // Opening brings what the logs hold into tables. Without the room for these all of it can be read, and is written to
  // again as soon as there is some.
  if (status.IsNoSpace()) opened->open_to_read();
  if (status.IsNoSpace() && opened->db_) {
    opened->recovery_->note(status);
    log_warning("logstore", "the disk is full: the store is open for reading alone",
                {{"store", folder.string()}, {"bytes_to_free", room_to_open(folder)}});
  } else if (!status.ok()) {
    return full_of(store_error("open", folder, status), folder);
  }
  FW_ASSIGN(opened->damage_, damage_reports(folder));
  FW_TRY(opened->check_against_marks());
  FW_TRY(opened->check_version());
  FW_TRY(opened->check_after_damage());
  if (const Status marked = opened->marks_.take(opened->db()); !marked.ok()) {
    log_warning("logstore", "marks were not written", {{"error", marked.error().message}});
  }
  opened->recovery_->start();
  opened->marks_.start([database = opened.get()] { database->take_marks(); });
  return opened;
}

Database::~Database() {
  marks_.stop();
  recovery_->stop();
  if (db_) (void)marks_.take(*db_);  // what fails leaves a lower bound
  close();
}

rocksdb::Status Database::open_files() {
  rocksdb::DBOptions database = database_options(env_);
  database.listeners.push_back(recovery_);
  std::vector<std::string> existing;
  if (auto status = existing_families(folder_, database, existing); !status.ok()) return status;
  rocksdb::DB* db = nullptr;
  auto status = rocksdb::DB::Open(database, folder_.string(), descriptors_for(existing, options_), &handles_, &db);
  db_.reset(db);
  return status;
}

void Database::close() {
  if (!db_) return;
  {
    const std::lock_guard lock(kept_mutex_);
    for (const auto& [number, snapshot] : kept_) db_->ReleaseSnapshot(snapshot);
    kept_.clear();
  }
  for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  handles_.clear();
  (void)db_->Close();
  db_.reset();
}

rocksdb::Status Database::reopen() {
  if (auto status = probe(*env_, folder_); !status.ok()) return status;
  const std::unique_lock alone(in_use_);
  close();
  auto status = open_files();
  if (!status.ok()) open_to_read();
  return status;
}

void Database::open_to_read() {
  const rocksdb::DBOptions database = database_options(env_);
  std::vector<std::string> existing;
  if (!existing_families(folder_, database, existing).ok()) return;
  rocksdb::DB* db = nullptr;
  (void)rocksdb::DB::OpenForReadOnly(database, folder_.string(), descriptors_for(existing, options_), &handles_, &db);
  db_.reset(db);
}

Result<std::shared_lock<std::shared_mutex>> Database::use() {
  std::shared_lock lock(in_use_);
  if (!db_) return store_error("use", folder_, recovery_->failure());
  return lock;
}

rocksdb::Status Database::write(rocksdb::WriteBatch& batch) {
  if (auto failed = recovery_->failure(); !failed.ok()) return failed;
  auto status = write_durably(*db_, batch);
  if (status.ok()) {
    marks_.note_write();
  } else {
    recovery_->note(status);
  }
  return status;
}

void Database::take_marks() {
  if (const auto used = use(); used.ok()) (void)marks_.take(*db_);
}

std::uint64_t Database::keep_snapshot() {
  const std::lock_guard lock(kept_mutex_);
  kept_.emplace(next_kept_, db_->GetSnapshot());
  return next_kept_++;
}

Result<const rocksdb::Snapshot*> Database::kept_snapshot(std::uint64_t number) {
  const std::lock_guard lock(kept_mutex_);
  const auto found = kept_.find(number);
  if (found != kept_.end()) return found->second;
  return unavailable("the log store " + folder_.string() + " was opened again meanwhile; begin again");
}

void Database::let_go_of_snapshot(std::uint64_t number) {
  const std::lock_guard lock(kept_mutex_);
  const auto found = kept_.find(number);
  if (found == kept_.end()) return;
  db_->ReleaseSnapshot(found->second);
  kept_.erase(found);
}

rocksdb::Status Database::flush() { return db_->Flush(rocksdb::FlushOptions(), handles_); }

void Database::note_removals(std::uint64_t records) {
  if (removals_ += records; removals_ < kMostUnwrittenRemovals) return;
  removals_ = 0;
  rocksdb::FlushOptions soon;
  soon.wait = false;
  // All of them: the log is kept until none needs it. A failure is the listener's; nothing that was removed comes back.
  (void)db_->Flush(soon, handles_);
}

Status Database::check_version() {
  std::string text;
  const auto status = db_->Get({}, meta(), rocksdb::Slice(layout::kVersionKey), &text);
  if (status.IsNotFound()) {
    // A damaged log may have held the version; what lies in our families, is ours.
    if (is_check_due()) return put_version();
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
    return put_version();
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
  if (version == layout::kFormatVersion) return {};
  // What an older version wrote is read as it is: only the number changes, so that older programs stay away.
  log_info("logstore", "store upgraded", {{"store", folder_.string()}, {"from", version}});
  return put_version();
}

bool Database::is_check_due() const { return !std::ranges::all_of(damage_, &DamageReport::is_checked); }

Status Database::check_after_damage() {
  if (!is_check_due()) return {};
  log_info("logstore", "checking all records after damage", {{"store", folder_.string()}});
  FW_ASSIGN(const auto checked, check_records(*this));
  log_info("logstore", "records, indexes and counts agree",
           {{"store", folder_.string()},
            {"records", checked.records},
            {"put_back", checked.put_back},
            {"moved", checked.taken_out},
            {"lost", checked.lost},
            {"entries", checked.entries}});
  auto lost_ids = checked.lost_ids;
  auto put_back = checked.put_back;
  for (DamageReport& report : damage_) {
    if (report.is_checked) continue;
    report.lost_ids = std::exchange(lost_ids, {});
    report.put_back = std::exchange(put_back, 0);
    report.is_checked = true;
    FW_TRY(write_report(report));
  }
  return {};
}

Status Database::check_against_marks() {
  const std::uint64_t found = db_->GetLatestSequenceNumber();
  // What damage took has been reported where that was found.
  if (found >= marks_.sequence() || is_check_due()) return {};
  FW_ASSIGN(auto report, report_missing(marks_.file(), marks_.sequence() - found));
  damage_.push_back(std::move(report));
  return {};
}

Status Database::put_version() {
  rocksdb::WriteOptions durable;
  durable.sync = true;
  const auto put =
      db_->Put(durable, meta(), rocksdb::Slice(layout::kVersionKey), std::to_string(layout::kFormatVersion));
  if (!put.ok()) return store_error("write the version of", folder_, put);
  return {};
}

}  // namespace fw::logstore

#include "logstore/rocksdb/impl/record_check.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/hash.h"
#include "logstore/rocksdb/impl/big_endian.h"
#include "logstore/rocksdb/impl/errors.h"
#include "logstore/rocksdb/impl/layout.h"

namespace fw::logstore {
namespace {

constexpr std::array kIndexes{layout::Index::kTime, layout::Index::kWorkload, layout::Index::kClient};
constexpr std::size_t kMostLostIds = 1000;

/// Places of records, eight bytes each.
class Places {
 public:
  void add(std::string_view record_key) { hashes_.push_back(hash64(record_key)); }
  void sort() { std::ranges::sort(hashes_); }
  [[nodiscard]] bool has(std::string_view record_key) const {
    return std::ranges::binary_search(hashes_, hash64(record_key));
  }

 private:
  std::vector<std::uint64_t> hashes_;
};

class RecordCheck {
 public:
  explicit RecordCheck(Database& database) : database_(database), db_(database.db()) {}

  Result<CheckedRecords> run() {
    FW_TRY(read_ids());
    FW_TRY(check_places());
    FW_TRY(check_ids());
    FW_TRY(check_orders());
    FW_TRY(write_counts());
    FW_TRY(failure("write to", database_.flush()));
    return done_;
  }

 private:
  using Visit = std::function<Status(std::string_view key, std::string_view value)>;

  Status each(rocksdb::ColumnFamilyHandle* family, const Visit& visit) {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    const std::unique_ptr<rocksdb::Iterator> entry(db_.NewIterator(options, family));
    for (entry->SeekToFirst(); entry->Valid(); entry->Next()) {
      FW_TRY(visit(entry->key().ToStringView(), entry->value().ToStringView()));
    }
    return failure("read", entry->status());
  }

  Status read_ids() {
    FW_TRY(each(database_.ids(), [&](std::string_view key, std::string_view value) -> Status {
      const auto at = layout::parse_id_value(record::RecordId::from_stored(std::string(key)), value);
      if (at.ok()) of_ids_.add(layout::record_key(at->location));
      return {};
    }));
    of_ids_.sort();
    return {};
  }

  Status check_places() {
    FW_TRY(each(database_.records(), [&](std::string_view key, std::string_view value) -> Status {
      if (of_ids_.has(key)) {
        of_records_.add(key);
        return {};
      }
      FW_ASSIGN(const auto location, layout::parse_record_key(key));
      return take_up(location, key, value);
    }));
    of_records_.sort();
    return {};
  }

  /// A record that its id does not point to. Where that points to another place, the record was moved there.
  Status take_up(const layout::Location& location, std::string_view key, std::string_view value) {
    std::string id_value, ignored;
    const auto found = db_.Get({}, database_.ids(), *location.id, &id_value);
    if (!found.ok() && !found.IsNotFound()) return failure("read", found);
    if (found.ok()) {
      const auto other = layout::parse_id_value(location.id, id_value);
      const auto there = other.ok() ? db_.Get({}, database_.records(), layout::record_key(other->location), &ignored)
                                    : rocksdb::Status::NotFound();
      if (!there.ok() && !there.IsNotFound()) return failure("read", there);
      if (there.ok()) {
        ++done_.taken_out;
        counts_.try_emplace(layout::count_key(location.workload, location.client), 0);
        return failure("write to", db_.Delete({}, database_.records(), rocksdb::Slice(key)));
      }
    }
    record::Interaction record;
    FW_TRY(layout::parse_record_value(value, record));
    const layout::Kind kind{record.provenance.origin, record.provenance.ending};
    ++done_.put_back;
    of_records_.add(key);
    return failure("write to", db_.Put({}, database_.ids(), *location.id, layout::id_value(location, kind)));
  }

  Status check_ids() {
    return each(database_.ids(), [&](std::string_view key, std::string_view value) -> Status {
      const auto at = layout::parse_id_value(record::RecordId::from_stored(std::string(key)), value);
      if (!at.ok() || !of_records_.has(layout::record_key(at->location))) {
        ++done_.lost;
        if (done_.lost_ids.size() < kMostLostIds) done_.lost_ids.emplace_back(key);
        return failure("write to", db_.Delete({}, database_.ids(), rocksdb::Slice(key)));
      }
      ++done_.records;
      const layout::Location& location = at->location;
      ++counts_[layout::count_key(location.workload, location.client)];
      if (at->kind != layout::Kind{}) {
        ++counts_[layout::kind_count_key(location.workload, location.client, at->kind)];
      }
      return {};
    });
  }

  Status check_orders() {
    std::map<layout::Index, std::uint64_t> right;
    FW_TRY(each(database_.times(), [&](std::string_view key, std::string_view value) -> Status {
      const auto location = layout::parse_index_entry(key, value);
      if (location.ok() && of_records_.has(layout::record_key(*location))) {
        ++right[static_cast<layout::Index>(key.front())];
        return {};
      }
      ++done_.entries;
      return failure("write to", db_.Delete({}, database_.times(), rocksdb::Slice(key)));
    }));
    for (const layout::Index index : kIndexes) {
      if (right[index] == done_.records) continue;
      done_.entries += done_.records - right[index];
      FW_TRY(put_order(index));
    }
    return {};
  }

  Status put_order(layout::Index index) {
    return each(database_.ids(), [&](std::string_view key, std::string_view value) -> Status {
      FW_ASSIGN(const auto at, layout::parse_id_value(record::RecordId::from_stored(std::string(key)), value));
      return failure("write to", db_.Put({}, database_.times(), layout::index_key(index, at.location),
                                         layout::index_value(index, at.location)));
    });
  }

  Status write_counts() {
    std::string number;
    layout::append_big_endian(number, db_.GetLatestSequenceNumber(), 8);
    std::map<std::string, std::string> puts;
    FW_TRY(each(database_.meta(), [&](std::string_view key, std::string_view) -> Status {
      const bool is_pair = key.starts_with(layout::kCountPrefix);
      if (is_pair || key.starts_with(layout::kKindCountPrefix)) counts_.try_emplace(std::string(key), 0);
      return {};
    }));
    for (const auto& [key, count] : counts_) {
      puts[key] = layout::count_value(count);
      if (!key.starts_with(layout::kCountPrefix)) continue;
      puts[std::string(layout::kStaleSign) + key.substr(layout::kCountPrefix.size())] = number;
    }
    for (const auto& [key, value] : puts) {
      FW_TRY(failure("write to", db_.Put({}, database_.meta(), key, value)));
    }
    return {};
  }

  Status failure(std::string_view tried, const rocksdb::Status& status) const {
    if (status.ok()) return {};
    return store_error(tried, database_.folder(), status);
  }

  Database& database_;
  rocksdb::DB& db_;
  Places of_ids_;
  Places of_records_;
  std::map<std::string, std::int64_t> counts_;  // by count key
  CheckedRecords done_;
};

}  // namespace

Result<CheckedRecords> check_records(Database& database) { return RecordCheck(database).run(); }

}  // namespace fw::logstore

// The check of a whole store against itself, without changing anything of it.

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/hash.h"
#include "logstore/rocksdb/impl/errors.h"
#include "logstore/rocksdb/impl/kept_snapshot.h"
#include "logstore/rocksdb/impl/layout.h"
#include "logstore/rocksdb/impl/rocksdb_log_store.h"
#include "logstore/verification.h"

namespace fw::logstore {
namespace {

constexpr std::array kIndexes{layout::Index::kTime, layout::Index::kWorkload, layout::Index::kClient};
constexpr std::size_t kBytesOfStep = 8ULL << 20;
constexpr std::size_t kEntriesOfStep = 20'000;
constexpr std::size_t kReadAhead = 1ULL << 20;

constexpr const char* kBadRecordKey = "a record's key that cannot be read";
constexpr const char* kBadRecord = "a record that cannot be decoded";
constexpr const char* kBadId = "an id's entry that cannot be read";
constexpr const char* kBadOrder = "an entry of an order that cannot be read";
constexpr const char* kBadCount = "a count that cannot be read";
constexpr const char* kUnreadable = "a part of the store that cannot be read";
constexpr const char* kNoId = "a record without its id";
constexpr const char* kOtherPlace = "a record that its id does not lead to";
constexpr const char* kOtherKind = "an id with another way in or ending than its record";
constexpr const char* kNotInOrder = "a record that an order by time leaves out";
constexpr const char* kNoRecord = "an id without its record";
constexpr const char* kOrderWithoutRecord = "an entry of an order without its record";
constexpr const char* kWrongCount = "a count that is not the number of its records";
constexpr const char* kDamagedLog = "a damaged log that is kept for somebody to look at";

std::string to_hex_of(std::string_view key) { return to_hex(key.substr(0, 128)); }

/// Whether two families tell of the same places, whatever their order: how many there are, and sums of their hashes.
struct Tally {
  void add(std::string_view place) {
    const std::uint64_t hash = hash64(place);
    ++entries;
    sum += hash;
    mixed ^= hash * 0x9e3779b97f4a7c15ULL;
  }
  friend bool operator==(const Tally&, const Tally&) = default;

  std::uint64_t entries = 0;
  std::uint64_t sum = 0;
  std::uint64_t mixed = 0;
};

std::string place_and_kind(const layout::Location& location, const layout::Kind& kind) {
  std::string place = layout::record_key(location);
  layout::append_kind(place, kind);
  return place;
}

layout::Kind kind_of(const record::Interaction& record) { return {record.provenance.origin, record.provenance.ending}; }

/// Walks each family once, in its order, and holds what they add up to against each other; where that is not the same
/// it walks them again and asks for each entry's counterparts.
class RocksDbVerification final : public Verification {
 public:
  explicit RocksDbVerification(Database& database) : database_(database), snapshot_(database) {
    found_.checked = "every record can be read, and ids, orders by time and counts agree with them";
    for (const DamageReport& report : database.damage()) {
      const KeptDamage damage = summary(report);
      found_.add(kDamagedLog,
                 damage.kept.string() + ": about " + std::to_string(damage.lost_records) + " records are lost");
    }
  }

  Result<bool> step() override {
    if (phase_ == Phase::kDone) return false;
    FW_ASSIGN(const auto use, database_.use());
    FW_ASSIGN(options_.snapshot, snapshot_.get());
    FW_ASSIGN(const bool goes_on, walk());
    if (!goes_on) begin_next();
    return phase_ != Phase::kDone;
  }

 private:
  enum class Phase { kRecords, kIds, kOrders, kCounts, kEachRecord, kEachId, kEachOrder, kDone };
  using Visit = Status (RocksDbVerification::*)(std::string_view key, std::string_view value);

  [[nodiscard]] std::pair<rocksdb::ColumnFamilyHandle*, Visit> work() const {
    switch (phase_) {
      case Phase::kRecords: return {database_.records(), &RocksDbVerification::add_record};
      case Phase::kIds: return {database_.ids(), &RocksDbVerification::add_id};
      case Phase::kOrders: return {database_.times(), &RocksDbVerification::add_order};
      case Phase::kCounts: return {database_.meta(), &RocksDbVerification::check_count};
      case Phase::kEachRecord: return {database_.records(), &RocksDbVerification::check_record};
      case Phase::kEachId: return {database_.ids(), &RocksDbVerification::check_id};
      case Phase::kEachOrder: return {database_.times(), &RocksDbVerification::check_order};
      case Phase::kDone: break;
    }
    return {};
  }

  /// Some entries of the phase's family; false at its end.
  Result<bool> walk() {
    const auto [family, visit] = work();
    rocksdb::ReadOptions options = options_;
    options.fill_cache = false;
    options.readahead_size = kReadAhead;
    const std::unique_ptr<rocksdb::Iterator> entry(database_.db().NewIterator(options, family));
    std::size_t entries = 0, bytes = 0;
    for (entry->Seek(next_); entry->Valid() && entries < kEntriesOfStep && bytes < kBytesOfStep; entry->Next()) {
      ++entries;
      bytes += entry->key().size() + entry->value().size();
      FW_TRY((this->*visit)(entry->key().ToStringView(), entry->value().ToStringView()));
    }
    if (entry->Valid()) {
      next_ = entry->key().ToString();
      return true;
    }
    if (entry->status().IsCorruption()) {
      found_.add(kUnreadable,
                 "the " + family->GetName() + " of " + database_.folder().string() + ": " + entry->status().ToString());
      is_whole_ = false;
    } else if (!entry->status().ok()) {
      return failure(entry->status());
    }
    return false;
  }

  void begin_next() {
    next_.clear();
    if (phase_ == Phase::kCounts) add_missing_counts();
    const bool is_enough = phase_ == Phase::kEachOrder || (phase_ == Phase::kCounts && do_families_agree());
    phase_ = is_enough ? Phase::kDone : static_cast<Phase>(static_cast<int>(phase_) + 1);
  }

  /// A family that could not be read to its end says nothing of the others.
  [[nodiscard]] bool do_families_agree() const {
    if (!is_whole_) return true;
    for (const layout::Index index : kIndexes) {
      const auto found = orders_.find(index);
      if ((found == orders_.end() ? Tally{} : found->second) != places_) return false;
    }
    return ids_ == records_;
  }

  Status add_record(std::string_view key, std::string_view value) {
    const auto location = layout::parse_record_key(key);
    if (!location.ok()) {
      found_.add(kBadRecordKey, to_hex_of(key));
      return {};
    }
    places_.add(key);
    ++counts_[layout::count_key(location->workload, location->client)];
    record::Interaction record;
    if (!layout::parse_record_value(value, record).ok()) {
      found_.add(kBadRecord, *location->id);
      return {};
    }
    ++found_.records;
    found_.bytes += record.request.size() + record.response.size();
    if (!record.has_content()) ++found_.expired;
    records_.add(place_and_kind(*location, kind_of(record)));
    if (kind_of(record) != layout::Kind{}) {
      ++counts_[layout::kind_count_key(location->workload, location->client, kind_of(record))];
    }
    return {};
  }

  Status add_id(std::string_view key, std::string_view value) {
    const auto at = layout::parse_id_value(record::RecordId::from_stored(std::string(key)), value);
    if (at.ok()) {
      ids_.add(place_and_kind(at->location, at->kind));
    } else {
      found_.add(kBadId, to_hex_of(key));
    }
    return {};
  }

  Status add_order(std::string_view key, std::string_view value) {
    const auto location = layout::parse_index_entry(key, value);
    if (location.ok()) {
      orders_[static_cast<layout::Index>(key.front())].add(layout::record_key(*location));
    } else {
      found_.add(kBadOrder, to_hex_of(key));
    }
    return {};
  }

  Status check_count(std::string_view key, std::string_view value) {
    const bool is_pair = key.starts_with(layout::kCountPrefix);
    if (!is_pair && !key.starts_with(layout::kKindCountPrefix)) return {};
    const auto count = layout::parse_count_value(value);
    if (!count || !(is_pair ? layout::parse_count_key(key).ok() : layout::parse_kind_count_key(key).ok())) {
      found_.add(kBadCount, to_hex_of(key));
      return {};
    }
    const auto seen = counts_.find(std::string(key));
    if (is_whole_) compare_count(key, *count, seen == counts_.end() ? 0 : seen->second);
    if (seen == counts_.end()) return {};
    if (is_pair) ++found_.workloads;
    counts_.erase(seen);
    return {};
  }

  void compare_count(std::string_view key, std::int64_t counted, std::int64_t seen) {
    if (counted == seen) return;
    const bool is_pair = key.starts_with(layout::kCountPrefix);
    if (!is_pair && found_.faults.contains(kBadRecord)) return;  // whose kind is not known
    const auto kind = is_pair ? Result<layout::CountedKind>(not_found("")) : layout::parse_kind_count_key(key);
    const auto pair = is_pair ? layout::parse_count_key(key) : Result<layout::CountedPair>(kind->pair);
    found_.add(kWrongCount, "workload " + *pair->workload + ", client " + *pair->client +
                                (is_pair ? std::string() : ", one way in and ending") + ": " + std::to_string(counted) +
                                " are counted, " + std::to_string(seen) + " are there");
  }

  /// Pairs of which the store has records and no count.
  void add_missing_counts() {
    for (const auto& [key, seen] : counts_) {
      if (is_whole_) compare_count(key, 0, seen);
      if (key.starts_with(layout::kCountPrefix)) ++found_.workloads;
    }
    counts_.clear();
  }

  Result<std::optional<std::string>> get(rocksdb::ColumnFamilyHandle* family, const std::string& key) {
    std::string value;
    const auto status = database_.db().Get(options_, family, key, &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (!status.ok()) return failure(status);
    return std::optional(std::move(value));
  }

  Status check_record(std::string_view key, std::string_view value) {
    const auto location = layout::parse_record_key(key);
    record::Interaction record;
    if (!location.ok()) return {};
    FW_ASSIGN(const auto id_value, get(database_.ids(), *location->id));
    if (!id_value) found_.add(kNoId, *location->id);
    if (id_value)
      check_id_value(*location, *id_value, layout::parse_record_value(value, record).ok() ? &record : nullptr);
    for (const layout::Index index : kIndexes) {
      FW_ASSIGN(const auto entry, get(database_.times(), layout::index_key(index, *location)));
      if (!entry || *entry != layout::index_value(index, *location)) found_.add(kNotInOrder, *location->id);
    }
    return {};
  }

  void check_id_value(const layout::Location& location, std::string_view value, const record::Interaction* record) {
    const auto at = layout::parse_id_value(location.id, value);
    if (!at.ok()) return;  // told already
    if (at->location != location) {
      found_.add(kOtherPlace, *location.id);
    } else if (record != nullptr && at->kind != kind_of(*record)) {
      found_.add(kOtherKind, *location.id);
    }
  }

  Status check_id(std::string_view key, std::string_view value) {
    const auto at = layout::parse_id_value(record::RecordId::from_stored(std::string(key)), value);
    if (!at.ok()) return {};
    FW_ASSIGN(const auto record, get(database_.records(), layout::record_key(at->location)));
    if (!record) found_.add(kNoRecord, std::string(key));
    return {};
  }

  Status check_order(std::string_view key, std::string_view value) {
    const auto location = layout::parse_index_entry(key, value);
    if (!location.ok()) return {};
    FW_ASSIGN(const auto record, get(database_.records(), layout::record_key(*location)));
    if (!record) found_.add(kOrderWithoutRecord, *location->id);
    return {};
  }

  [[nodiscard]] Error failure(const rocksdb::Status& status) const {
    return store_error("read", database_.folder(), status);
  }

  Database& database_;
  KeptSnapshot snapshot_;
  rocksdb::ReadOptions options_;
  Phase phase_ = Phase::kRecords;
  std::string next_;      // where the phase goes on
  bool is_whole_ = true;  // every family so far was read to its end
  Tally places_;          // of all records
  Tally records_;         // with their kinds, of those that can be decoded
  Tally ids_;
  std::map<layout::Index, Tally> orders_;
  std::map<std::string, std::int64_t> counts_;  // by count key; those that were compared are taken away
};

}  // namespace

Result<std::unique_ptr<Verification>> RocksDbLogStore::verification() {
  FW_ASSIGN(const auto use, database_->use());
  return std::unique_ptr<Verification>(std::make_unique<RocksDbVerification>(*database_));
}

}  // namespace fw::logstore

// Damage in the middle of RocksDB's log: what is whole goes on, what is not is kept aside.

#include <rocksdb/db.h>
#include <rocksdb/merge_operator.h>

#include <fstream>
#include <map>
#include <set>
#include <utility>

#include "logstore/rocksdb/impl/damaged_logs.h"
#include "logstore/rocksdb/impl/log_files.h"
#include "logstore/rocksdb/impl/log_salvage.h"
#include "logstore/tests/log_store_fixture.h"

namespace fw::logstore {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
namespace fs = std::filesystem;

/// Lets RocksDB read a log with counts that nobody adds up.
class NoSums final : public rocksdb::AssociativeMergeOperator {
 public:
  bool Merge(const rocksdb::Slice&, const rocksdb::Slice*, const rocksdb::Slice&, std::string*,
             rocksdb::Logger*) const override {
    return false;
  }
  [[nodiscard]] const char* Name() const override { return "no sums"; }
};

class DamagedLog : public LogStoreTest {
 protected:
  [[nodiscard]] fs::path path() const { return folder_.path() / "store"; }
  [[nodiscard]] fs::path log() const { return log_files(path()).back(); }
  [[nodiscard]] std::size_t log_size() const { return fs::file_size(log()); }

  static void flip(const fs::path& file, std::size_t at) {
    std::string bytes = *io::read_file(file);
    bytes[at] ^= 1;
    std::ofstream(file, std::ios::binary) << bytes;
  }
  void flip_and_reopen(std::size_t at) {
    store_.reset();
    flip(log(), at);
    reopen();
  }

  /// Of the closed store, as when its memtable was full: the log is kept for the others.
  void write_family_to_a_table(const std::string& family) {
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, path().string(), &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    rocksdb::ColumnFamilyOptions of_family;
    of_family.merge_operator = std::make_shared<NoSums>();
    for (const auto& name : names) families.emplace_back(name, of_family);
    rocksdb::DBOptions options;
    options.avoid_flush_during_recovery = true;
    options.avoid_flush_during_shutdown = true;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, path().string(), families, &handles, &db).ok());
    for (auto* handle : handles) {
      if (handle->GetName() == family) ASSERT_TRUE(db->Flush({}, handle).ok());
    }
    for (auto* handle : handles) ASSERT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
    delete db;
  }

  /// The ids in the store, where everything that tells of them agrees.
  std::set<std::string> agreed_ids() {
    const auto everything = ids_of(all({}, Order::kOldestFirst));
    const std::set<std::string> ids(everything.begin(), everything.end());
    EXPECT_EQ(ids.size(), everything.size());
    std::uint64_t counted = 0, of_kinds = 0;
    std::size_t by_workload = 0, by_client = 0;
    std::set<std::string> workloads, clients;
    const auto pairs = store_->workloads();
    EXPECT_TRUE(pairs.ok()) << pairs.error();
    for (const auto& pair : *pairs) {
      counted += pair.records;
      EXPECT_EQ(all({.workload = pair.workload, .client = pair.client}, Order::kOldestFirst).size(), pair.records);
      workloads.insert(*pair.workload);
      clients.insert(*pair.client);
    }
    for (const auto& name : workloads) {
      by_workload += all({.workload = record::WorkloadId(name)}, Order::kNewestFirst).size();
    }
    for (const auto& name : clients) by_client += all({.client = record::ClientId(name)}, Order::kNewestFirst).size();
    for (const auto& count : *store_->counts()) of_kinds += count.records;
    EXPECT_THAT((std::vector<std::uint64_t>{counted, of_kinds, by_workload, by_client}), testing::Each(ids.size()));
    for (const auto& id : ids) EXPECT_TRUE(store_->find(record::RecordId(id))->has_value()) << id;
    return ids;
  }
};

TEST_F(DamagedLog, AFlippedBitCostsOneRecordAndNoOther) {
  std::size_t middle = 0;
  for (int i = 0; i < 50; ++i) {
    append({interaction(std::to_string(i), "w", "c", i)});
    if (i == 24) middle = log_size();
  }
  store_.reset();
  const std::string as_it_was = *io::read_file(log());
  const fs::path name = log().filename();
  flip_and_reopen(middle + 40);
  const auto ids = agreed_ids();
  EXPECT_THAT(ids, SizeIs(49));
  EXPECT_FALSE(ids.contains("25"));

  const auto damage = store_->damage();
  ASSERT_THAT(damage, SizeIs(1));
  EXPECT_EQ(damage[0].lost_records, 2U);  // six changes: five of the record, one of its count
  EXPECT_EQ(damage[0].kept, path() / "damaged" / name);
  std::string kept = *io::read_file(damage[0].kept);
  kept[middle + 40] ^= 1;
  EXPECT_EQ(kept, as_it_was);
  EXPECT_THAT(*io::read_file(path() / "damaged" / (name.string() + ".json")), HasSubstr("\"lost_changes\": 6"));

  append({interaction("25", "w", "c", 25)});
  reopen();
  EXPECT_THAT(agreed_ids(), SizeIs(50));
  EXPECT_THAT(store_->damage(), SizeIs(1)) << "it is told until somebody takes it away";
}

TEST_F(DamagedLog, WhereverTheBitIsTheStoreOpensAndAgrees) {
  for (int i = 0; i < 30; ++i) append({interaction(std::to_string(i), "w" + std::to_string(i % 3), "c", i)});
  store_.reset();
  const std::size_t size = log_size();
  fs::copy(path(), folder_.path() / "whole");
  for (std::size_t at = 3; at < size; at += 331) {
    fs::remove_all(path());
    fs::copy(folder_.path() / "whole", path());
    flip_and_reopen(at);
    EXPECT_GE(agreed_ids().size(), 29U) << "bit in byte " << at;
    append({interaction("next", "w", "c", 100)});
    store_.reset();
  }
}

TEST_F(DamagedLog, OfALargeBatchOnlyWhatLiesInTheDamagedPieceIsLost) {
  append({interaction("before", "w", "c", 0)});
  const std::size_t begin = log_size();
  std::vector<record::Interaction> batch;
  for (int i = 0; i < 200; ++i) {
    batch.push_back(interaction("b" + std::to_string(i), "w", "c", i));
    batch.back().response.append(3000, 'x');
  }
  append(batch);
  const std::size_t end = log_size();
  append({interaction("after", "w", "c", 1000)});
  flip_and_reopen((begin + end) / 2);
  const auto ids = agreed_ids();
  EXPECT_GE(ids.size(), 202U - 12);  // 32 KiB of 3 kB records
  EXPECT_LT(ids.size(), 202U);
  for (const char* id : {"before", "b0", "b60", "b140", "b199", "after"}) EXPECT_TRUE(ids.contains(id)) << id;
  EXPECT_LE(store_->damage().at(0).lost_records, 13U);
}

TEST_F(DamagedLog, TheFirstBatchMayBeTheDamagedOne) {
  for (int i = 0; i < 5; ++i) append({interaction(std::to_string(i), "w", "c", i)});
  flip_and_reopen(20);  // the format's version
  EXPECT_THAT(agreed_ids(), SizeIs(5));
}

TEST_F(DamagedLog, APageOfZerosIsDamageAndWhatFollowsIsThere) {
  for (int i = 0; i < 100; ++i) append({interaction(std::to_string(i), "w", "c", i)});
  store_.reset();
  std::string bytes = *io::read_file(log());
  ASSERT_GT(bytes.size(), 12288U);
  std::fill(bytes.begin() + 4096, bytes.begin() + 8192, '\0');
  std::ofstream(log(), std::ios::binary) << bytes;
  reopen();
  const auto ids = agreed_ids();
  EXPECT_GT(ids.size(), 60U);
  EXPECT_TRUE(ids.contains("0") && ids.contains("99"));
}

TEST_F(DamagedLog, RemovalsMovesAndOutlinesAroundItLeaveAStoreThatAgrees) {
  // Each of these is the one damaged while the others are whole.
  std::vector<std::size_t> begins;
  const auto step = [&](const auto& change) {
    begins.push_back(log_size());
    change();
  };
  append({interaction("stays", "w", "c", 1)});
  const auto moved = interaction("moved", "w", "c", 2);
  step([&] { append({interaction("removed", "w", "c", 3), moved, interaction("outlined", "w", "c", 4)}); });
  step([&] { ASSERT_EQ(*store_->relabel(std::vector{moved.id}, record::WorkloadId("other")), 1U); });
  step([&] { ASSERT_EQ(*store_->remove_records(std::vector{record::RecordId("removed")}), 1U); });
  step([&] { append({interaction("removed", "again", "c", 3)}); });
  step([&] { ASSERT_EQ(*store_->expire_contents(std::vector{outlined(interaction("outlined", "w", "c", 4))}), 1U); });
  step([&] { ASSERT_EQ(*store_->remove_records(std::vector{moved.id}), 1U); });
  append({interaction("last", "w", "c", 9)});
  store_.reset();
  fs::copy(path(), folder_.path() / "whole");
  for (const std::size_t begin : begins) {
    fs::remove_all(path());
    fs::copy(folder_.path() / "whole", path());
    flip_and_reopen(begin + 30);
    const auto ids = agreed_ids();
    EXPECT_TRUE(ids.contains("stays") && ids.contains("last")) << begin;
    EXPECT_TRUE(ids.contains("removed") || begin == begins[3]) << begin;
    EXPECT_TRUE(ids.contains("outlined")) << begin;
    store_.reset();
  }
}

TEST_F(DamagedLog, FamiliesThatWereWrittenToTablesAtDifferentTimesAgreeAgain) {
  for (const int which : {0, 1, 2}) {
    store_.reset();
    fs::remove_all(path());
    store_ = open_rocksdb_log_store(path(), {.block_cache_bytes = 1 << 20, .write_buffer_bytes = 256 << 10}).value();
    for (int i = 0; i < 300; ++i) {
      auto record = interaction(std::to_string(i), "w" + std::to_string(i % 2), "c", i);
      record.response.append(4000, 'x');
      append({record});
    }
    store_.reset();
    const auto logs = log_files(path());
    ASSERT_GE(logs.size(), 3U);
    const fs::path damaged = logs.at(logs.size() * static_cast<std::size_t>(which) / 3);
    flip(damaged, fs::file_size(damaged) / 2);
    reopen();
    EXPECT_GE(agreed_ids().size(), 299U);
    append({interaction("next", "w", "c", 1000)});
    reopen();
    EXPECT_GE(agreed_ids().size(), 300U);
  }
}

TEST_F(DamagedLog, IdsWhoseRecordIsLostAreNamedAndCanBeAppendedAgain) {
  for (int i = 0; i < 20; ++i) append({interaction(std::to_string(i), "w", "c", i)});
  const std::size_t middle = log_size() / 2;
  store_.reset();
  const fs::path damaged = log();
  write_family_to_a_table("ids");
  flip(damaged, middle);
  reopen();
  EXPECT_THAT(agreed_ids(), SizeIs(19));
  const auto report = damage_reports(path())->at(0);
  ASSERT_THAT(report.lost_ids, SizeIs(1));
  EXPECT_EQ(store_->damage().at(0).lost_records, 2U);
  append({interaction(report.lost_ids[0], "w", "c", std::stoi(report.lost_ids[0]))});
  EXPECT_THAT(agreed_ids(), SizeIs(20));
}

TEST_F(DamagedLog, RecordsThatWereInTablesAlreadyAreNotLost) {
  for (int i = 0; i < 20; ++i) append({interaction(std::to_string(i), "w", "c", i)});
  const std::size_t middle = log_size() / 2;
  store_.reset();
  const fs::path damaged = log();
  write_family_to_a_table("records");
  flip(damaged, middle);
  reopen();
  EXPECT_THAT(agreed_ids(), SizeIs(20));
  EXPECT_EQ(store_->damage().at(0).lost_records, 1U) << "six changes, of which five are there again";
}

TEST_F(DamagedLog, ACrashInTheMiddleOfMendingIsGoneOverAgain) {
  for (int i = 0; i < 20; ++i) append({interaction(std::to_string(i), "w", "c", i)});
  store_.reset();
  flip(log(), log_size() / 2);
  fs::copy(path(), folder_.path() / "copy");
  const fs::path damaged = log();
  // Kept and reported, not yet replaced.
  fs::create_directory(path() / "damaged");
  fs::create_hard_link(damaged, path() / "damaged" / damaged.filename());
  reopen();
  EXPECT_THAT(agreed_ids(), SizeIs(19));
  EXPECT_THAT(store_->damage(), SizeIs(1));
  // Replaced, not yet checked: RocksDB alone would open it.
  store_.reset();
  fs::remove_all(path());
  fs::copy(folder_.path() / "copy", path());
  const auto replaced = put_damage_aside(path());
  ASSERT_TRUE(replaced.ok()) << replaced.error();
  ASSERT_THAT(*damage_reports(path()), SizeIs(1));
  EXPECT_FALSE(damage_reports(path())->at(0).is_checked);
  reopen();
  EXPECT_THAT(agreed_ids(), SizeIs(19));
  EXPECT_TRUE(damage_reports(path())->at(0).is_checked);
}

TEST_F(DamagedLog, WhatOneTookAwayIsToldNoMore) {
  for (int i = 0; i < 20; ++i) append({interaction(std::to_string(i), "w", "c", i)});
  flip_and_reopen(log_size() / 2);
  EXPECT_THAT(store_->damage(), SizeIs(1));
  ASSERT_TRUE(io::write_file_atomically(path() / "damaged" / "note.json", "seen on Monday").ok());
  reopen();
  EXPECT_THAT(store_->damage(), SizeIs(1)) << "somebody's note is no report";
  fs::remove_all(path() / "damaged");
  reopen();
  EXPECT_THAT(store_->damage(), IsEmpty());
}

TEST_F(DamagedLog, AWholeLogIsTakenApartAndPutTogetherAsItWas) {
  for (int i = 0; i < 20; ++i) append({interaction(std::to_string(i), "w", "c", i)});
  auto large = interaction("large", "w", "c", 100);
  large.response.append(100 << 10, 'x');
  append({large});
  store_.reset();
  const std::string bytes = *io::read_file(log());
  LogSalvage salvage;
  const auto salvaged = salvage.take(bytes);
  EXPECT_EQ(salvaged.log, bytes);
  EXPECT_THAT(salvaged.damaged, IsEmpty());
  EXPECT_EQ(salvage.lost_changes(), 0U);
}

TEST_F(DamagedLog, PartsOfOneLogAreNamedWithTheirPlace) {
  std::string log;
  for (std::uint64_t i = 0; i < 10; ++i) append_entry(log, make_batch(1 + i, {1, std::string("\x00\x01k", 3)}));
  const std::size_t each = log.size() / 10;
  log[3 * each + 8] ^= 1;
  log[7 * each + 8] ^= 1;
  LogSalvage salvage;
  EXPECT_THAT(salvage.take(log).damaged, ElementsAre(DamagedPart{3 * each, each}, DamagedPart{7 * each, each}));
  EXPECT_EQ(salvage.lost_changes(), 2U);
}

}  // namespace
}  // namespace fw::logstore

#include <rocksdb/sst_file_reader.h>

#include <fstream>
#include <iterator>
#include <stop_token>

#include "base/random.h"
#include "logstore/tests/log_store_contract.h"

namespace fw::logstore {
namespace {

using testing::ElementsAre;

INSTANTIATE_TEST_SUITE_P(RocksDb, LogStoreContract,
                         testing::Values(StoreForm{
                             .name = "RocksDb",
                             .skipped = "",
                             .open = [](const std::filesystem::path& folder) { return open_rocksdb_log_store(folder); },
                             .clean = {}}));

TEST_F(LogStoreTest, TakesAnyBytes) {
  record::Interaction odd = interaction("a", "router", "demo", 5);
  odd.request = std::string("{ \"x\" :\t1e400, \"\\ud800\": \"\0\xff\" }", 32);
  odd.response = "";
  odd.timestamp = Timestamp(std::chrono::nanoseconds(-1));
  append({odd});
  EXPECT_EQ(**store_->find(odd.id), odd);
  reopen();
  EXPECT_EQ(**store_->find(odd.id), odd);
  EXPECT_THAT(all({}, Order::kOldestFirst), ElementsAre(odd));
}

TEST_F(LogStoreTest, AViewIsTheStoreAsItWas) {
  std::vector<record::Interaction> records;
  for (int i = 0; i < 5; ++i) records.push_back(interaction(std::to_string(i), "w", i < 3 ? "a" : "b", i));
  append(records);
  const auto view = store_->view();
  ASSERT_TRUE(view.ok()) << view.error();
  const auto first = (*view)->scan({}, Order::kOldestFirst, 2, {});
  ASSERT_TRUE(first.ok()) << first.error();
  ASSERT_EQ(store_->remove_records(std::vector{records[2].id}).value(), 1U);
  ASSERT_EQ(store_->expire_contents(std::vector{outlined(records[3])}).value(), 1U);
  append({interaction("late", "w", "a", 2), interaction("last", "w", "a", 9)});
  const auto rest = (*view)->scan({}, Order::kOldestFirst, 100, first->next);
  ASSERT_TRUE(rest.ok()) << rest.error();
  EXPECT_EQ(rest->records, (std::vector{records[2], records[3], records[4]}));
  EXPECT_FALSE(rest->next);
  EXPECT_THAT(ids_of((*view)->scan({.client = record::ClientId("a")}, Order::kNewestFirst, 100, {})->records),
              ElementsAre("2", "1", "0"));
  EXPECT_THAT(ids_of(all({}, Order::kOldestFirst)), ElementsAre("0", "1", "late", "3", "4", "last"));
}

/// The files of a store, and what stands in them.
class PurgeTest : public LogStoreTest {
 protected:
  static constexpr const char* kMarker = "the-customer-lives-in-Elm-Street-";

  /// Contents that no compression takes apart: a random text a record, the marker in each.
  std::vector<record::Interaction> fill(const std::string& workload, int count, std::int64_t first_second) {
    std::vector<record::Interaction> records;
    for (int i = 0; i < count; ++i) {
      records.push_back(interaction(workload + std::to_string(i), workload, i % 2 == 0 ? "c" : "d", first_second + i));
      std::string noise;
      for (int k = 0; k < 60; ++k) noise += std::to_string(random_.below(1'000'000'000));
      records.back().request = kMarker + workload + noise;
    }
    append(records);
    return records;
  }
  static std::vector<record::Interaction> without_content(const std::vector<record::Interaction>& records) {
    std::vector<record::Interaction> out;
    for (const auto& record : records) out.push_back(outlined(record));
    return out;
  }
  /// Whether a file of the closed store holds the workload's marker as it was written: in the log, or in a table, all
  /// of whose blocks are read for that.
  bool is_on_disk(const std::string& workload) {
    store_.reset();
    bool found = false;
    for (const auto& file : std::filesystem::directory_iterator(folder_.path() / "store")) {
      std::ifstream input(file.path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(input)), {});
      found = found || bytes.find(kMarker + workload) != std::string::npos;
      if (file.path().extension() == ".sst") found = found || is_in_table(file.path(), kMarker + workload);
    }
    reopen();
    return found;
  }
  static bool is_in_table(const std::filesystem::path& path, const std::string& text) {
    rocksdb::SstFileReader reader(rocksdb::Options{});
    EXPECT_TRUE(reader.Open(path.string()).ok());
    const std::unique_ptr<rocksdb::Iterator> entry(reader.NewIterator({}));
    for (entry->SeekToFirst(); entry->Valid(); entry->Next()) {
      if (entry->value().ToStringView().find(text) != std::string_view::npos) return true;
    }
    return false;
  }
  /// What was written goes to tables of the lowest level, where nothing compacts it again by itself, and where
  /// dictionaries quote it: a purge does that, for which something has to go.
  void settle() {
    const auto other = interaction("other", "gone", "c", 1'700'000'000);
    append({other});
    EXPECT_EQ(store_->remove_records(std::vector{other.id}).value(), 1U);
    EXPECT_TRUE(store_->purge(Deadline::never()).value());
  }

  Random random_{7};
};

TEST_F(PurgeTest, WhatHasExpiredIsNowhereInTheFolder) {
  const auto gone = fill("gone", 3000, 1'700'000'000);
  fill("stays", 500, 1'700'000'000);
  settle();
  EXPECT_TRUE(is_on_disk("gone"));
  EXPECT_EQ(store_->expire_contents(without_content(gone)).value(), 3000U);
  EXPECT_TRUE(is_on_disk("gone")) << "until it is compacted: or this test shows nothing";
  EXPECT_TRUE(store_->purge(Deadline::never()).value());
  EXPECT_FALSE(is_on_disk("gone"));
  EXPECT_TRUE(is_on_disk("stays"));
  EXPECT_EQ(all({}, Order::kOldestFirst).size(), 3500U);
  EXPECT_EQ(**store_->find(gone[7].id), outlined(gone[7]));
}

TEST_F(PurgeTest, NorIsItWhereItIsStillInTheLogAlone) {
  const auto gone = fill("gone", 5, 1'700'000'000);
  EXPECT_EQ(store_->expire_contents(without_content(gone)).value(), 5U);
  EXPECT_TRUE(store_->purge(Deadline::never()).value());
  EXPECT_FALSE(is_on_disk("gone"));
}

TEST_F(PurgeTest, NorWhereARecordWasMovedBeforeOrRemoved) {
  const auto moved = fill("moved", 100, 1'700'000'000);
  const auto removed = fill("removed", 100, 1'700'000'000);
  settle();
  std::vector<record::RecordId> ids;
  for (const auto& record : moved) ids.push_back(record.id);
  EXPECT_EQ(store_->relabel(ids, record::WorkloadId("elsewhere")).value(), 100U);
  auto elsewhere = without_content(moved);
  for (auto& record : elsewhere) record.workload = record::WorkloadId("elsewhere");
  EXPECT_EQ(store_->expire_contents(elsewhere).value(), 100U);
  ids.clear();
  for (const auto& record : removed) ids.push_back(record.id);
  EXPECT_EQ(store_->remove_records(ids).value(), 100U);
  EXPECT_TRUE(store_->purge(Deadline::never()).value());
  EXPECT_FALSE(is_on_disk("moved"));
  EXPECT_FALSE(is_on_disk("removed"));
}

TEST_F(PurgeTest, OneThatIsStoppedIsDoneByTheNextAlsoAfterReopening) {
  const auto gone = fill("gone", 300, 1'700'000'000);
  settle();
  EXPECT_EQ(store_->expire_contents(without_content(gone)).value(), 300U);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(store_->purge(Deadline::when_stopped(stop.get_token())).error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(is_on_disk("gone"));
  EXPECT_TRUE(store_->purge(Deadline::never()).value());
  EXPECT_FALSE(is_on_disk("gone"));
}

TEST_F(PurgeTest, WhatExpiresLaterInTheSameDaysGoesWithTheNext) {
  const auto first = fill("first", 50, 1'700'000'000);
  const auto second = fill("second", 50, 1'700'000'000);
  settle();
  EXPECT_EQ(store_->expire_contents(without_content(first)).value(), 50U);
  EXPECT_TRUE(store_->purge(Deadline::never()).value());
  EXPECT_EQ(store_->expire_contents(without_content(second)).value(), 50U);
  EXPECT_TRUE(store_->purge(Deadline::never()).value());
  EXPECT_FALSE(is_on_disk("second"));
  EXPECT_TRUE(store_->purge(Deadline::never()).value()) << "nothing is left to do";
}

TEST_F(LogStoreTest, APageWithLargeRecordsEndsEarlyAndGoesOn) {
  std::vector<record::Interaction> records;
  for (int i = 0; i < 5; ++i) {
    records.push_back(interaction(std::to_string(i), "w", "c", i));
    records.back().request.assign(30 << 20, 'x');
  }
  append(records);
  const auto page = store_->scan({}, Order::kOldestFirst, 10, {});
  EXPECT_EQ(page->records.size(), 3U);
  EXPECT_EQ(store_->scan({}, Order::kOldestFirst, 10, page->next)->records.size(), 2U);
}

}  // namespace
}  // namespace fw::logstore

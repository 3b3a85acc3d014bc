#include "logstore/read.h"

#include <algorithm>
#include <set>
#include <thread>

#include "logstore/tests/log_store_fixture.h"

namespace fw::logstore {
namespace {

using testing::ElementsAre;

class ReadTest : public LogStoreTest {
 protected:
  /// `count` records of three clients in turn, from number `first` on.
  std::vector<record::Interaction> traffic(int first, int count) {
    std::vector<record::Interaction> records;
    for (int i = first; i < first + count; ++i) {
      const std::string id = std::to_string(i);
      records.push_back(interaction(id, i % 2 == 0 ? "even" : "odd", "c" + std::to_string(i % 3), i / 5));
    }
    return records;
  }

  std::vector<std::string> keys(const Selection& selection, Order order, std::size_t limit) {
    std::vector<std::string> ids;
    std::optional<Cursor> after;
    do {
      auto page = store_->scan_keys(selection, order, limit, after);
      EXPECT_TRUE(page.ok()) << page.error();
      EXPECT_LE(page->keys.size(), limit);
      for (const auto& key : page->keys) ids.push_back(*key.id);
      after = page->next;
    } while (after);
    return ids;
  }

  std::vector<std::string> sample(std::size_t size, std::uint64_t seed = 1) {
    const auto drawn = sample_keys(*store_, {}, size, seed, Deadline::never());
    EXPECT_TRUE(drawn.ok()) << drawn.error();
    std::vector<std::string> ids;
    for (const auto& key : drawn->keys) ids.push_back(*key.id);
    return ids;
  }
};

TEST_F(ReadTest, KeysComeInTheOrderOfTheirRecordsWhateverIsSelected) {
  append(traffic(0, 200));
  const Selection all_of_them{};
  const Selection workload{.workload = record::WorkloadId("even")};
  const Selection client{.client = record::ClientId("c1")};
  const Selection both{.workload = record::WorkloadId("even"), .client = record::ClientId("c1")};
  const Selection some{
      .workload = both.workload, .client = both.client, .from = from_epoch_seconds(7), .to = from_epoch_seconds(30)};
  for (const Selection& selection : {all_of_them, workload, client, both, some}) {
    for (const Order order : {Order::kOldestFirst, Order::kNewestFirst}) {
      for (const std::size_t limit : {1, 7, 1000}) {
        EXPECT_EQ(keys(selection, order, limit), ids_of(all(selection, order)));
      }
    }
  }
  const auto first = store_->scan_keys(both, Order::kOldestFirst, 10, {});
  EXPECT_EQ(first->keys.front(), (RecordKey{record::RecordId("4"), *both.workload, *both.client, Timestamp{}}));
}

TEST_F(ReadTest, ASampleIsTheSameInWhateverOrderTheRecordsCame) {
  append(traffic(0, 300));
  const auto drawn = sample(20);
  EXPECT_EQ(drawn.size(), 20U);
  EXPECT_NE(drawn, sample(20, 2));
  store_.reset();
  std::filesystem::remove_all(folder_.path() / "store");
  reopen();
  auto records = traffic(0, 300);
  std::ranges::reverse(records);
  append(records);
  EXPECT_EQ(sample(20), drawn);
}

TEST_F(ReadTest, ALaterRecordChangesAtMostOneOfASample) {
  append(traffic(0, 300));
  auto before = sample(20);
  for (int i = 300; i < 330; ++i) {
    append(traffic(i, 1));
    auto after = sample(20);
    const std::set<std::string> known(before.begin(), before.end());
    EXPECT_LE(std::ranges::count_if(after, [&](const auto& id) { return !known.contains(id); }), 1);
    before = std::move(after);
  }
}

TEST_F(ReadTest, ASampleOfMoreThanThereIsHasAll) {
  append(traffic(0, 5));
  EXPECT_THAT(sample(100), ElementsAre("0", "1", "2", "3", "4"));
  EXPECT_THAT(sample(0), ElementsAre());
  EXPECT_EQ(sample_keys(*store_, {}, 2, 1, Deadline::never())->records, 5U);
}

TEST_F(ReadTest, ADeadlineEndsAReadBetweenTwoPages) {
  append(traffic(0, 2500));
  std::stop_source stop;
  std::size_t seen = 0;
  const auto status = for_each_page(*store_, {}, Order::kOldestFirst, Deadline::when_stopped(stop.get_token()),
                                    [&](std::span<const record::Interaction> page) -> Status {
                                      seen += page.size();
                                      stop.request_stop();
                                      return {};
                                    });
  EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(seen, 1000U);
  EXPECT_EQ(sample_keys(*store_, {}, 1, 1, Deadline::after(Duration{0})).error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(ReadTest, WorkloadsComeInPagesToo) {
  append(traffic(0, 30));
  const auto whole = store_->workloads().value();
  ASSERT_EQ(whole.size(), 6U);
  for (const std::size_t limit : {1, 4, 6, 7}) {
    std::vector<std::string> names;
    std::optional<Cursor> after;
    do {
      const auto page = store_->workloads_page(limit, after);
      ASSERT_TRUE(page.ok()) << page.error();
      EXPECT_LE(page->workloads.size(), limit);
      for (const auto& one : page->workloads) names.push_back(*one.workload + " " + *one.client);
      after = page->next;
    } while (after);
    EXPECT_THAT(names, ElementsAre("even c0", "even c1", "even c2", "odd c0", "odd c1", "odd c2"));
  }
  for (const char* token : {"", "zz", "00", "6e"}) {
    EXPECT_EQ(store_->workloads_page(1, Cursor{token}).error().code, ErrorCode::kInvalidArgument) << token;
  }
}

TEST_F(ReadTest, CountsByEndingFollowAppendsAndRemovals) {
  auto records = traffic(0, 12);
  for (int i = 0; i < 4; ++i) {
    records[static_cast<std::size_t>(i)].provenance = {.origin = record::Origin::kGateway,
                                                       .ending = record::Ending::kUpstreamDied};
  }
  append(records);
  const auto total = [&](record::Ending ending) {
    std::uint64_t sum = 0;
    for (const auto& one : store_->counts().value()) sum += one.ending == ending ? one.records : 0;
    return sum;
  };
  EXPECT_EQ(total(record::Ending::kUpstreamDied), 4U);
  EXPECT_EQ(total(record::Ending::kFinished), 8U);
  EXPECT_EQ(store_->remove({.client = record::ClientId("c0")}).value(), 4U);  // 0, 3, 6, 9
  EXPECT_EQ(total(record::Ending::kUpstreamDied), 2U);
  EXPECT_EQ(total(record::Ending::kFinished), 6U);
  reopen();
  EXPECT_EQ(total(record::Ending::kUpstreamDied), 2U);
}

TEST_F(ReadTest, ABackupIsAStoreOfWhatWasThereWhileAppendsWentOn) {
  append(traffic(0, 50));
  const auto copy = folder_.path() / "copy";
  std::jthread appends([&](const std::stop_token& stop) {
    for (int i = 1000; !stop.stop_requested(); ++i) EXPECT_TRUE(store_->append(traffic(i, 1)).ok());
  });
  const auto status = store_->backup(copy);
  ASSERT_TRUE(status.ok()) << status.error();
  EXPECT_EQ(store_->backup(copy).error().code, ErrorCode::kAlreadyExists);
  appends = {};
  const auto copied = open_rocksdb_log_store(copy);
  ASSERT_TRUE(copied.ok()) << copied.error();
  for (const auto& record : traffic(0, 50)) EXPECT_EQ(**(*copied)->find(record.id), record);
  append(traffic(500, 1));
  EXPECT_FALSE((*copied)->find(record::RecordId("500"))->has_value());
}

}  // namespace
}  // namespace fw::logstore

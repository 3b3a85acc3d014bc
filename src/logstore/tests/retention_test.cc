#include "logstore/retention.h"

#include <filesystem>
#include <sstream>
#include <stop_token>
#include <thread>

#include "base/random.h"
#include "logstore/tests/log_store_fixture.h"

namespace fw::logstore {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kNow = 100 * kDay;

class RetentionTest : public LogStoreTest {
 protected:
  RetentionTest() {
    for (const std::int64_t day : {10, 60, 95, 101}) {
      for (const std::string workload : {"router", "writer"}) {
        const auto record = interaction(workload + std::to_string(day), workload, "shop", day * kDay);
        EXPECT_TRUE(store_->append(std::span(&record, 1)).ok());
      }
    }
  }
  std::uint64_t remove(const Retention& retention) {
    RetentionSweep sweep(*store_, retention);
    EXPECT_TRUE(sweep.run(from_epoch_seconds(kNow), Deadline::never()).ok());
    return sweep.removed().expired;
  }
  std::vector<std::string> left() {
    auto page = store_->scan({}, Order::kOldestFirst, 100, {});
    EXPECT_TRUE(page.ok());
    return ids_of(page->records);
  }
};

TEST_F(RetentionTest, WhatIsOlderGoesAndWhatIsNotStays) {
  EXPECT_EQ(remove({.days = 30}), 4U);
  EXPECT_THAT(left(), testing::ElementsAre("router95", "writer95", "router101", "writer101"));
  EXPECT_EQ(remove({.days = 30}), 0U);
}

TEST_F(RetentionTest, AWorkloadMayHaveItsOwnAge) {
  EXPECT_EQ(remove({.days = 30, .workloads = {{"writer", 0}}}), 2U);
  EXPECT_EQ(remove({.days = 0, .workloads = {{"writer", 50}}}), 1U);
  EXPECT_THAT(left(), testing::ElementsAre("writer60", "router95", "writer95", "router101", "writer101"));
}

TEST_F(RetentionTest, WithoutAnAgeAllStays) {
  EXPECT_FALSE(Retention{}.is_on());
  EXPECT_FALSE((Retention{.days = 0, .workloads = {{"writer", 0}}}).is_on());
  EXPECT_EQ(remove({}), 0U);
  EXPECT_EQ(left().size(), 8U);
}

/// As traffic::outlined() does, of which this module knows nothing.
record::Interaction without_content(const record::Interaction& record, Timestamp now) {
  auto out = outlined(record);
  out.outline->expired = now;
  return out;
}

/// Counts what is read, and fails when it is told to.
class WatchedStore final : public LogStore {
 public:
  explicit WatchedStore(LogStore& store) : store_(store) {}

  Result<AppendReport> append(std::span<const record::Interaction> batch) override { return store_.append(batch); }
  Result<Page> scan(const Selection& selection, Order order, std::size_t limit,
                    const std::optional<Cursor>& after) override {
    auto page = store_.scan(selection, order, limit, after);
    if (page.ok()) records_read += page->records.size();
    return page;
  }
  Result<KeyPage> scan_keys(const Selection& selection, Order order, std::size_t limit,
                            const std::optional<Cursor>& after) override {
    return store_.scan_keys(selection, order, limit, after);
  }
  Result<std::optional<record::Interaction>> find(const record::RecordId& id) override { return store_.find(id); }
  Result<std::vector<WorkloadSummary>> workloads() override { return store_.workloads(); }
  Result<std::uint64_t> expire_contents(std::span<const record::Interaction> outlined) override {
    if (expiries_until_it_fails == 0) return unavailable("the disk is gone");
    --expiries_until_it_fails;
    stop_source.request_stop();
    return store_.expire_contents(outlined);
  }
  Result<bool> purge(const Deadline& deadline) override {
    ++purges;
    if (is_still_read) return false;
    return store_.purge(deadline);
  }
  Result<std::uint64_t> remove(const Selection& selection) override {
    if (removals_until_it_fails == 0) return unavailable("the disk is gone");
    --removals_until_it_fails;
    stop_source.request_stop();
    return store_.remove(selection);
  }

  std::uint64_t records_read = 0;
  int removals_until_it_fails = 1000;
  int expiries_until_it_fails = 1000;
  int purges = 0;
  bool is_still_read = false;
  std::stop_source stop_source;  ///< of a service that stops while something is removed

 private:
  LogStore& store_;
};

/// Records of 1,000 bytes of text, unless they are given another size.
class SizeRetentionTest : public LogStoreTest {
 protected:
  static std::string id_of(const std::string& workload, int number) {
    const std::string digits = std::to_string(number);
    return workload + std::string(5 - digits.size(), '0') + digits;
  }
  void fill(const std::string& workload, int first, int count, std::int64_t apart = 1, std::size_t bytes = 1000) {
    std::vector<record::Interaction> records;
    for (int i = first; i < first + count; ++i) {
      auto record = interaction(id_of(workload, i), workload, i % 2 == 0 ? "shop" : "desk", i * apart);
      record.response = std::string(bytes * 2 / 5, 'a');
      record.request = std::string(bytes - record.response.size(), 'q');
      records.push_back(std::move(record));
    }
    append(records);
  }
  static std::uint64_t run(RetentionSweep& sweep, std::int64_t now = kNow) {
    const std::uint64_t before = sweep.removed().surplus;
    const Status status = sweep.run(from_epoch_seconds(now), Deadline::never());
    EXPECT_TRUE(status.ok()) << status.error();
    return sweep.removed().surplus - before;
  }
  std::uint64_t bytes_on_disk() {
    std::uint64_t bytes = 0;
    std::error_code gone;  // files come and go
    for (const auto& file : std::filesystem::directory_iterator(folder_.path() / "store")) {
      const auto size = file.file_size(gone);
      if (!gone) bytes += size;
    }
    return bytes;
  }
  std::vector<std::string> left(const std::string& workload) {
    const Selection selection{.workload = record::WorkloadId(workload), .client = {}, .from = {}, .to = {}};
    return ids_of(all(selection, Order::kOldestFirst));
  }
};

TEST_F(SizeRetentionTest, AWorkloadAboveItsSizeLosesItsOldestRecordsOfEveryClient) {
  fill("router", 0, 3000);
  fill("writer", 0, 1500);
  RetentionSweep sweep(*store_, {.max_bytes = 2'000'000});
  EXPECT_EQ(run(sweep), 1100U);
  const auto router = left("router");
  ASSERT_EQ(router.size(), 1900U) << "95 %";
  EXPECT_EQ(router.front(), "router01100");
  EXPECT_EQ(router.back(), "router02999");
  EXPECT_EQ(left("writer").size(), 1500U);
  EXPECT_EQ(run(sweep), 0U);
}

TEST_F(SizeRetentionTest, WhatComesLaterCountsAndIsCutAgainOnlyWhenItIsTooMuch) {
  fill("router", 0, 1900);
  RetentionSweep sweep(*store_, {.max_bytes = 2'000'000});
  EXPECT_EQ(run(sweep), 0U);
  fill("router", 1900, 90);
  EXPECT_EQ(run(sweep), 0U);
  fill("router", 1990, 50);
  EXPECT_EQ(run(sweep), 140U);
  EXPECT_EQ(left("router").front(), "router00140");
}

TEST_F(SizeRetentionTest, RecordsThatCameLateCountToo) {
  fill("writer", 5000, 1900);
  RetentionSweep sweep(*store_, {.workload_max_bytes = {{"writer", 2'000'000}}});
  EXPECT_EQ(run(sweep), 0U);
  fill("writer", 0, 200);
  EXPECT_EQ(run(sweep), 200U);
  EXPECT_THAT(left("writer"), testing::AllOf(testing::SizeIs(1900), testing::Contains("writer05000")));
}

TEST_F(SizeRetentionTest, WhatWasReadIsNotReadAgainAlsoWhereItIsCut) {
  fill("router", 0, 6000);
  WatchedStore store(*store_);
  RetentionSweep sweep(store, {.max_bytes = 2'000'000});
  EXPECT_EQ(run(sweep), 4100U);
  EXPECT_EQ(store.records_read, 3000U) << "nothing beyond the page that holds the limit";
  store.records_read = 0;
  for (int i = 0; i < 20; ++i) {
    fill("router", 6000 + i * 50, 50);
    run(sweep);
  }
  EXPECT_EQ(store.records_read, 1000U);
  EXPECT_THAT(left("router").size(), testing::AllOf(testing::Ge(1850U), testing::Le(2000U)));
  EXPECT_EQ(left("router").back(), "router06999");
}

TEST_F(SizeRetentionTest, RecordsThatGrowAreMeasuredByWhatIsThereAndNotByWhatHasExpired) {
  constexpr std::int64_t kHours = 3600;
  RetentionSweep sweep(*store_, {.days = 10, .max_bytes = 2'000'000});
  fill("router", 0, 1500, kHours / 10);
  EXPECT_EQ(run(sweep, 150 * kHours), 0U);
  fill("router", 4000, 300, kHours / 10, 5000);
  EXPECT_EQ(run(sweep, 430 * kHours), 0U);
  fill("router", 4300, 110, kHours / 10, 5000);
  EXPECT_EQ(run(sweep, 441 * kHours), 32U) << "380 of 5,000 bytes stay";
  EXPECT_EQ(left("router").front(), "router04032");
}

TEST_F(SizeRetentionTest, TheDiskHasItsRoomBack) {
  Random random(1);
  for (int i = 0; i < 40'000; i += 1000) {
    std::vector<record::Interaction> records;
    for (int j = i; j < i + 1000; ++j) {
      records.push_back(interaction(id_of("router", j), "router", "shop", j));
      for (int k = 0; k < 100; ++k) records.back().request += std::to_string(random.below(1'000'000'000));
    }
    append(records);
  }
  reopen();  // all of it is in tables
  const std::uint64_t before = bytes_on_disk();
  RetentionSweep sweep(*store_, {.max_bytes = 10'000'000});
  EXPECT_GT(run(sweep), 20'000U);
  // Compaction takes its time, and ends: the test hangs where it does not come.
  while (bytes_on_disk() > before * 3 / 4) std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

TEST_F(SizeRetentionTest, RecordsOfOneMomentAreCutToo) {
  fill("router", 0, 3000, 0);
  RetentionSweep sweep(*store_, {.max_bytes = 2'000'000});
  EXPECT_EQ(run(sweep), 1100U);
  EXPECT_EQ(left("router").front(), "router01100");
  EXPECT_EQ(left("router").size(), 1900U);
}

TEST_F(SizeRetentionTest, TheNewestRecordStaysHoweverLargeItIs) {
  fill("router", 0, 3);
  RetentionSweep sweep(*store_, {.max_bytes = 500});
  EXPECT_EQ(run(sweep), 2U);
  EXPECT_THAT(left("router"), testing::ElementsAre("router00002"));
}

TEST_F(SizeRetentionTest, OneThatEndsInTheMiddleLeavesTheNewestAndTheNextOneGoesOn) {
  fill("router", 0, 25'000, 1, 50);
  WatchedStore store(*store_);
  store.removals_until_it_fails = 1;
  RetentionSweep sweep(store, {.max_bytes = 200'000});
  EXPECT_FALSE(sweep.run(from_epoch_seconds(kNow), Deadline::never()).ok());
  EXPECT_EQ(sweep.removed().surplus, 10'000U);
  EXPECT_EQ(left("router").front(), "router10000");
  store.removals_until_it_fails = 1000;
  EXPECT_EQ(run(sweep), 11'200U);
  EXPECT_EQ(left("router").front(), "router21200");
  EXPECT_EQ(left("router").back(), "router24999");
}

TEST_F(SizeRetentionTest, AServiceThatStopsWaitsForAPageOfRemovalsAndNoMore) {
  fill("router", 0, 25'000, 1, 50);
  WatchedStore store(*store_);
  RetentionSweep by_size(store, {.max_bytes = 200'000});
  const Deadline until_stopped = Deadline::when_stopped(store.stop_source.get_token());
  EXPECT_EQ(by_size.run(from_epoch_seconds(kNow), until_stopped).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(left("router").front(), "router10000");
  store.stop_source = {};
  RetentionSweep by_age(store, {.days = 1});
  const Deadline again = Deadline::when_stopped(store.stop_source.get_token());
  EXPECT_EQ(by_age.run(from_epoch_seconds(kNow), again).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(left("router").front(), "router20000");
}

TEST_F(SizeRetentionTest, AScanThatGoesOnMeanwhileEndsWell) {
  fill("router", 0, 3000);
  const Selection router{.workload = record::WorkloadId("router"), .client = {}, .from = {}, .to = {}};
  auto page = *store_->scan(router, Order::kOldestFirst, 500, {});
  RetentionSweep sweep(*store_, {.max_bytes = 2'000'000});
  EXPECT_EQ(run(sweep), 1100U);
  page = *store_->scan(router, Order::kOldestFirst, 1000, page.next);
  EXPECT_EQ(*page.records.front().id, "router01100");
  page = *store_->scan(router, Order::kOldestFirst, 1000, page.next);
  EXPECT_EQ(page.records.size(), 900U);
  EXPECT_FALSE(page.next);
}

TEST_F(SizeRetentionTest, AWorkloadMayHaveItsOwnSizeAndAnAgeToo) {
  fill("router", 0, 300);
  fill("writer", 0, 300);
  RetentionSweep sweep(*store_, {.days = 1000, .max_bytes = 200'000, .workload_max_bytes = {{"writer", 0}}});
  EXPECT_EQ(run(sweep), 110U);
  EXPECT_EQ(left("router").size(), 190U);
  EXPECT_EQ(left("writer").size(), 300U);
  std::ostringstream metrics;
  sweep.write_metrics(metrics);
  EXPECT_THAT(metrics.str(), testing::HasSubstr("flywheel_log_removed_total{reason=\"max_bytes\"} 110\n"));
}

class ContentRetentionTest : public SizeRetentionTest {
 protected:
  /// Ids of those that still have their content, oldest first.
  std::vector<std::string> whole(const std::string& workload) {
    const Selection selection{.workload = record::WorkloadId(workload), .client = {}, .from = {}, .to = {}};
    auto records = all(selection, Order::kOldestFirst);
    std::erase_if(records, [](const auto& record) { return !record.has_content(); });
    return ids_of(records);
  }
  static void run_at(RetentionSweep& sweep, std::int64_t now) {
    const Status status = sweep.run(from_epoch_seconds(now), Deadline::never());
    EXPECT_TRUE(status.ok()) << status.error();
  }
};

TEST_F(ContentRetentionTest, ContentsGoByTheirOwnAgeAndRecordsStayUntilTheirs) {
  for (const char* workload : {"router", "writer", "kept"}) fill(workload, 0, 100, kDay);
  RetentionSweep sweep(*store_, {.days = 60, .content_days = 20, .workload_content_days = {{"writer", 5}, {"kept", 0}}},
                       without_content);
  run_at(sweep, kNow);
  for (const char* workload : {"router", "writer", "kept"}) EXPECT_EQ(left(workload).front(), id_of(workload, 40));
  EXPECT_EQ(whole("router").size(), 20U);
  EXPECT_EQ(whole("router").front(), "router00080");
  EXPECT_EQ(whole("writer").front(), "writer00095");
  EXPECT_EQ(whole("kept").size(), 60U);
  EXPECT_EQ(sweep.removed().expired, 120U);
  EXPECT_EQ(sweep.removed().contents, 40U + 55U);
  std::ostringstream metrics;
  sweep.write_metrics(metrics);
  EXPECT_THAT(metrics.str(), testing::HasSubstr("flywheel_log_contents_expired_total 95\n"));
  const auto gone = store_->find(record::RecordId("router00079"))->value();
  EXPECT_EQ(gone.outline->expired, from_epoch_seconds(kNow));
  EXPECT_EQ(gone.outline->request_bytes, 600U);
}

TEST_F(ContentRetentionTest, WithoutAnAgeAllContentsStay) {
  EXPECT_TRUE((Retention{.content_days = 1}).is_on());
  EXPECT_TRUE((Retention{.workload_content_days = {{"writer", 1}}}).is_on());
  EXPECT_FALSE((Retention{.workload_content_days = {{"writer", 0}}}).is_on());
  fill("router", 0, 10, kDay);
  RetentionSweep sweep(*store_, {.days = 1000}, without_content);
  run_at(sweep, kNow);
  EXPECT_EQ(whole("router").size(), 10U);
}

TEST_F(ContentRetentionTest, ARecordIsLookedAtOnceAndOneThatCameLateWithinADay) {
  constexpr std::int64_t kHour = 3600;
  fill("router", 0, 2000, kHour / 20);
  WatchedStore store(*store_);
  RetentionSweep sweep(store, {.content_days = 1}, without_content);
  run_at(sweep, 124 * kHour);
  EXPECT_EQ(sweep.removed().contents, 2000U);
  fill("router", 2000, 100, kHour / 20);
  fill("writer", 0, 1, kHour / 20);
  const auto late = interaction("late", "router", "shop", 5);
  append({late});
  store.records_read = 0;
  run_at(sweep, 129 * kHour + 1);
  EXPECT_EQ(sweep.removed().contents, 2101U);
  EXPECT_LT(store.records_read, 110U);
  EXPECT_EQ(**store_->find(late.id), late);
  run_at(sweep, 148 * kHour);
  EXPECT_FALSE((*store_->find(late.id))->has_content());
}

TEST_F(ContentRetentionTest, OneThatFailsInTheMiddleKeepsWhatItDidAndTheNextOneGoesOn) {
  fill("router", 0, 5000, 1, 50);
  WatchedStore store(*store_);
  store.expiries_until_it_fails = 1;
  RetentionSweep sweep(store, {.content_days = 1}, without_content);
  EXPECT_FALSE(sweep.run(from_epoch_seconds(kNow), Deadline::never()).ok());
  const auto before = whole("router").size();
  EXPECT_EQ(before, 5000U - sweep.removed().contents);
  EXPECT_GT(before, 3000U);
  EXPECT_EQ(left("router").size(), 5000U);
  store.expiries_until_it_fails = 1000;
  run_at(sweep, kNow);
  EXPECT_TRUE(whole("router").empty());
  EXPECT_EQ(sweep.removed().contents, 5000U);
}

TEST_F(ContentRetentionTest, AServiceThatStopsWaitsForAPageOfContentsAndNoMore) {
  fill("router", 0, 5000, 1, 50);
  WatchedStore store(*store_);
  RetentionSweep sweep(store, {.content_days = 1}, without_content);
  const Deadline until_stopped = Deadline::when_stopped(store.stop_source.get_token());
  EXPECT_EQ(sweep.run(from_epoch_seconds(kNow), until_stopped).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(sweep.removed().contents, 1000U);
}

TEST_F(ContentRetentionTest, ContentsThatHaveGoneDoNotCountForTheSize) {
  fill("router", 0, 1900, kDay / 100);
  RetentionSweep sweep(*store_, {.max_bytes = 1'500'000, .content_days = 10}, without_content);
  run_at(sweep, 20 * kDay);
  EXPECT_EQ(sweep.removed().contents, 1000U);
  fill("router", 1900, 1400, kDay / 100);
  run_at(sweep, 33 * kDay);
  EXPECT_EQ(sweep.removed().surplus, 0U);
  EXPECT_EQ(left("router").size(), 3300U);
  EXPECT_EQ(whole("router").size(), 1000U);
  fill("router", 3300, 50, kDay / 100, 50'000);
  run_at(sweep, 34 * kDay);
  EXPECT_GT(sweep.removed().surplus, 3300U) << "contents alone are too large by now";
  EXPECT_EQ(whole("router").back(), "router03349");
}

TEST_F(ContentRetentionTest, TheDiskIsPurgedOnceADayAndAgainWhereSomebodyStillReads) {
  fill("router", 0, 10);
  WatchedStore store(*store_);
  RetentionSweep sweep(store, {.content_days = 1}, without_content);
  store.is_still_read = true;
  run_at(sweep, kNow);
  run_at(sweep, kNow + 1);
  EXPECT_EQ(store.purges, 2);
  store.is_still_read = false;
  for (const int hours : {1, 2, 24}) run_at(sweep, kNow + hours * 3600);
  EXPECT_EQ(store.purges, 3);
  run_at(sweep, kNow + 25 * 3600);
  EXPECT_EQ(store.purges, 4);
}

}  // namespace
}  // namespace fw::logstore

#include "logstore/retention.h"

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
    const auto removed = remove_expired(*store_, retention, from_epoch_seconds(kNow), Deadline::never());
    EXPECT_TRUE(removed.ok()) << removed.error();
    return removed.ok() ? *removed : 0;
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

}  // namespace
}  // namespace fw::logstore

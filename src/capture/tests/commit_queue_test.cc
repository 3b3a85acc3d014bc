#include "capture/committer/impl/commit_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <map>
#include <optional>

#include "capture/committer/impl/waiter.h"

namespace fw::capture {
namespace {

using testing::ElementsAre;
using testing::Optional;

constexpr std::size_t kKiB = 1024;

class CommitQueueTest : public testing::Test {
 protected:
  void make(const CommitterOptions& options) { queue_.emplace(options); }

  /// A batch of one tenant, as far as the queue looks at it.
  Pending pending(const std::string& tenant, std::size_t bytes, std::size_t count = 1) {
    return {.count = count, .bytes = bytes, .since = Instant(std::chrono::seconds(++clock_)), .tenant = tenant};
  }
  void take(const std::string& tenant, std::size_t bytes, std::size_t count = 1) {
    queue_->take(pending(tenant, bytes, count));
  }
  bool come_in(const std::string& tenant, std::size_t bytes) { return queue_->come_in(pending(tenant, bytes)); }
  /// The tenants whose batches make up the next group, in its order; written at once.
  std::vector<std::string> write_group() {
    std::vector<std::string> tenants;
    for (const Pending& one : queue_->next_group()) {
      tenants.push_back(one.tenant);
      queue_->release(one);
    }
    queue_->let_in();
    return tenants;
  }

  std::optional<CommitQueue> queue_;
  int clock_ = 0;
};

TEST_F(CommitQueueTest, OneTenantsBatchesKeepTheirOrder) {
  make({});
  for (std::size_t i = 1; i <= 5; ++i) take("a", i);
  std::vector<std::size_t> sizes;
  for (const Pending& one : queue_->next_group()) sizes.push_back(one.bytes);
  EXPECT_THAT(sizes, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_TRUE(queue_->is_empty());
}

TEST_F(CommitQueueTest, AQuietTenantIsInTheNextGroupHoweverMuchIsBeforeIt) {
  make({.max_group_bytes = 1024 * kKiB});
  for (int i = 0; i < 100; ++i) take("flood", 250 * kKiB);
  take("quiet", 3 * kKiB);
  EXPECT_THAT(write_group(), ElementsAre("flood", "quiet", "flood", "flood", "flood"));
}

TEST_F(CommitQueueTest, WhatFitsRidesAlongWithBatchesThatAreLargerThanATurn) {
  make({.max_group_bytes = 8 * 1024 * kKiB});
  for (const char* flood : {"f", "g", "h"}) {
    for (int i = 0; i < 4; ++i) take(flood, 4 * 1024 * kKiB);
  }
  take("quiet", 3 * kKiB);
  EXPECT_THAT(write_group(), ElementsAre("quiet", "f"));
  EXPECT_THAT(write_group(), ElementsAre("g", "h"));
  take("quiet", 3 * kKiB);
  EXPECT_THAT(write_group(), testing::Contains("quiet"));
}

TEST_F(CommitQueueTest, TenantsWithMuchToWriteHaveEqualBytesNotEqualBatches) {
  make({.max_group_bytes = 1024 * kKiB});
  for (int i = 0; i < 100; ++i) take("large", 128 * kKiB);
  for (int i = 0; i < 1000; ++i) take("small", 8 * kKiB);
  std::map<std::string, std::size_t> bytes;
  for (int group = 0; group < 8; ++group) {
    for (const Pending& one : queue_->next_group()) {
      bytes[one.tenant] += one.bytes;
      queue_->release(one);
    }
  }
  EXPECT_NEAR(static_cast<double>(bytes["large"]), static_cast<double>(bytes["small"]), 2.0 * CommitQueue::kTurnBytes);
}

TEST_F(CommitQueueTest, CreditOfAnIdleTenantIsNotSaved) {
  make({.max_group_bytes = 512 * kKiB});
  for (int i = 0; i < 20; ++i) {
    take("a", kKiB);
    EXPECT_THAT(write_group(), ElementsAre("a"));
  }
  for (int i = 0; i < 100; ++i) take("a", 64 * kKiB);
  take("b", 64 * kKiB);
  EXPECT_THAT(write_group(), ElementsAre("a", "a", "a", "a", "b", "a", "a", "a"));
}

TEST_F(CommitQueueTest, ItIsFullForWhoFloodsItAndNotForOthers) {
  make({.max_queued_bytes = 1600});
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(come_in("flood", 100));
  EXPECT_FALSE(come_in("flood", 100));
  EXPECT_FALSE(come_in("flood", 100)) << "behind its own";
  EXPECT_TRUE(come_in("quiet", 100));
  EXPECT_EQ(queue_->in_line(), 2U);
}

TEST_F(CommitQueueTest, WhoStandsInLineComesInAsRoomIsGivenBackTenantByTenant) {
  make({.max_queued_bytes = 1600, .max_group_bytes = 300});
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(come_in("a", 100));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(come_in("a", 100));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(come_in("b", 100));
  EXPECT_FALSE(come_in("b", 100)) << "the queue is full for who waits";
  EXPECT_EQ(queue_->in_line(), 4U);
  write_group();
  EXPECT_LE(queue_->in_line(), 3U);
  while (!queue_->is_empty()) write_group();
  EXPECT_EQ(queue_->in_line(), 0U);
  EXPECT_EQ(queue_->entries(), 0U);
  EXPECT_EQ(queue_->queued_bytes(), 0U);
}

TEST_F(CommitQueueTest, WhoHasARightToTheNextRoomIsNotOvertaken) {
  make({.max_queued_bytes = 1600, .max_group_bytes = 100});
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(come_in("flood", 100));
  EXPECT_FALSE(come_in("large", 400)) << "there is room for 300";
  EXPECT_FALSE(come_in("small", 100));
  write_group();
  EXPECT_EQ(queue_->in_line(), 1U) << "the large one came in first";
}

TEST_F(CommitQueueTest, WhoLeavesTheLineIsCountedAndForgotten) {
  make({.max_queued_bytes = 1600});
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(come_in("flood", 100));
  boost::asio::io_context loop;
  Pending late = pending("flood", 100, 7);
  late.waiter = std::make_shared<Waiter>(loop.get_executor(), Instant::max());
  const auto waiter = late.waiter;
  EXPECT_FALSE(queue_->come_in(std::move(late)));
  EXPECT_EQ(queue_->leave_line(waiter.get()), 7U);
  EXPECT_EQ(queue_->leave_line(waiter.get()), 0U);
  EXPECT_EQ(queue_->in_line(), 0U);
}

TEST_F(CommitQueueTest, WhatIsHeldBackIsWrittenBeforeWhatItsTenantSentLater) {
  make({.max_group_bytes = 100});
  take("a", 60);
  take("b", 70);
  for (int i = 0; i < 2; ++i) {
    auto group = queue_->next_group();
    ASSERT_EQ(group.size(), 1U);
    queue_->hold_back(std::move(group.front()));
  }
  take("a", 80);
  EXPECT_TRUE(queue_->has_held_back());
  EXPECT_THAT(queue_->oldest(), Optional(Instant(std::chrono::seconds(1))));
  queue_->retry();
  std::vector<std::size_t> sizes;
  while (!queue_->is_empty()) {
    for (const Pending& one : queue_->next_group()) {
      sizes.push_back(one.bytes);
      queue_->release(one);
    }
  }
  EXPECT_EQ(sizes.size(), 3U);
  EXPECT_LT(std::ranges::find(sizes, 60U), std::ranges::find(sizes, 80U));
  EXPECT_EQ(queue_->entries(), 0U);
}

}  // namespace
}  // namespace fw::capture

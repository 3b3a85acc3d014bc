#include "net/body_budget.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "net/tests/fixture.h"

namespace fw::net {
namespace {

using Share = BodyBudget::Share;

const Instant kNow{1h};
constexpr std::size_t kMiB = std::size_t{1} << 20;

/// As much as there is room for, in pieces of a MiB.
std::size_t grow_all(Share& share) {
  std::size_t taken = 0;
  while (share.grow(kMiB, kNow)) ++taken;
  return taken;
}

TEST(BodyBudget, OneCannotTakeAllOfItWithHoweverManyBodies) {
  BodyBudget budget(100 * kMiB);
  Share one(budget, "greedy");
  Share two(budget, "greedy");
  Share quiet(budget, "quiet");
  EXPECT_EQ(grow_all(one) + grow_all(two), 75U);
  EXPECT_EQ(grow_all(quiet), 25U);
  EXPECT_TRUE(budget.is_crowded_by("greedy"));
  EXPECT_FALSE(budget.is_crowded_by("quiet"));
}

TEST(BodyBudget, WhatARequestHeldIsThereWhenItGoes) {
  BodyBudget budget(100);
  for (int i = 0; i < 3; ++i) {
    Share share(budget, "a");
    EXPECT_TRUE(share.grow(40, kNow));
    EXPECT_TRUE(share.grow(35, kNow));
  }
  EXPECT_EQ(budget.used(), 0U);
}

TEST(BodyBudget, ABodyThatStoppedComingIsEndedWhenSomebodyWaits) {
  BodyBudget budget(100 * kMiB);
  Share moving(budget, "a");
  Share stalled(budget, "a");
  ASSERT_TRUE(stalled.grow(kMiB, kNow));
  ASSERT_TRUE(moving.grow(kMiB, kNow));
  const Instant later = kNow + BodyBudget::kStalled;
  ASSERT_TRUE(moving.grow(BodyBudget::kProgress, later));
  EXPECT_FALSE(budget.end_one_that_stalled(later - 1ns));
  EXPECT_FALSE(stalled.is_ended());
  EXPECT_TRUE(budget.end_one_that_stalled(later));
  EXPECT_TRUE(stalled.is_ended());
  EXPECT_TRUE(stalled.stop_token().stop_requested());
  EXPECT_FALSE(moving.is_ended());
  EXPECT_FALSE(budget.end_one_that_stalled(later)) << "once is enough";
}

TEST(BodyBudget, DropsAreNoProgress) {
  BodyBudget budget(100 * kMiB);
  Share dripping(budget, "a");
  for (Instant now = kNow; now < kNow + BodyBudget::kStalled; now += 100ms) ASSERT_TRUE(dripping.grow(1, now));
  EXPECT_TRUE(budget.end_one_that_stalled(kNow + BodyBudget::kStalled));
  EXPECT_TRUE(dripping.is_ended());
}

TEST(BodyBudget, AWholeBodyThatIsBeingAnsweredIsLeftAlone) {
  BodyBudget budget(100 * kMiB);
  Share whole(budget, "a");
  ASSERT_TRUE(whole.grow(kMiB, kNow));
  whole.finish();
  EXPECT_FALSE(budget.end_one_that_stalled(kNow + 1h));
}

TEST(BodyBudget, WhoWaitsForRoomHasNotStalled) {
  BodyBudget budget(4 * kMiB);
  Share waiting(budget, "a");
  EXPECT_EQ(grow_all(waiting), 3U);
  EXPECT_FALSE(budget.end_one_that_stalled(kNow + 1h));
}

TEST(BodyBudget, WhoHoldsMoreThanItsShareIsEndedFirst) {
  BodyBudget budget(100 * kMiB);
  Share slow(budget, "quiet");
  Share greedy(budget, "greedy");
  ASSERT_TRUE(slow.grow(kMiB, kNow));
  for (int i = 0; i < 70; ++i) ASSERT_TRUE(greedy.grow(kMiB, kNow + 1s));
  EXPECT_TRUE(budget.end_one_that_stalled(kNow + 1h));
  EXPECT_TRUE(greedy.is_ended());
  EXPECT_FALSE(slow.is_ended());
}

/// Its bytes, and then nothing more until the wait for it is ended.
class StallingBody final : public BodyReader {
 public:
  explicit StallingBody(std::string bytes) : bytes_(std::move(bytes)) {}
  Task<Result<std::optional<std::string>>> next(Deadline deadline) override {
    if (!bytes_.empty()) co_return std::optional<std::string>(std::exchange(bytes_, {}));
    has_stalled = true;
    (void)co_await sleep_for(1h, deadline);
    co_return cancelled("the body was cancelled");
  }
  std::atomic<bool> has_stalled = false;

 private:
  std::string bytes_;
};

class ReadWhole : public testing::Test {
 protected:
  Result<std::string> read(std::string bytes, const std::string& sharer, WholeBodyOptions options) {
    StringBody body(std::move(bytes));
    Share share(budget, sharer);
    return loop.run(read_whole(body, options, share, Deadline::never()));
  }

  /// Begins on the loop.
  std::future<std::optional<Result<std::string>>> begin(BodyReader& body, Share& share, Deadline deadline) {
    return boost::asio::co_spawn(loop.executor(), keep(read_whole(body, {}, share, std::move(deadline))),
                                 boost::asio::use_future);
  }

  BodyBudget budget{100};
  Loop loop;

 private:
  static Task<std::optional<Result<std::string>>> keep(Task<Result<std::string>> task) {
    co_return co_await std::move(task);
  }
};

TEST_F(ReadWhole, GivesTheBytesAndSaysWhatIsTooLarge) {
  EXPECT_EQ(read("hello", "a", {}).value(), "hello");
  EXPECT_EQ(read("hello", "a", {.reserve = 100}).value(), "hello");
  EXPECT_EQ(read("hello", "a", {.max_bytes = 5}).value(), "hello");
  EXPECT_EQ(read("hello", "a", {.max_bytes = 4}).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(budget.used(), 0U);
}

TEST_F(ReadWhole, WithoutPatienceItIsRefusedWhereThereIsNoRoom) {
  Share held(budget, "a");
  ASSERT_TRUE(held.grow(75, kNow));
  EXPECT_EQ(read(std::string(20, 'x'), "a", {}).error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(read(std::string(20, 'x'), "b", {}).value().size(), 20U);
}

TEST_F(ReadWhole, IsGivenUpWhenItStallsAndOthersWait) {
  StallingBody body(std::string(60, 'x'));
  Share share(budget, "a");
  auto stalled = begin(body, share, Deadline::never());
  while (!body.has_stalled) std::this_thread::yield();
  ASSERT_TRUE(budget.end_one_that_stalled(kernel_now() + BodyBudget::kStalled));
  const auto given_up = *stalled.get();
  EXPECT_EQ(given_up.error().code, ErrorCode::kResourceExhausted);
  EXPECT_NE(given_up.error().message.find("stopped coming"), std::string::npos) << given_up.error();
}

TEST_F(ReadWhole, TheEndOfTheRequestEndsItToo) {
  StallingBody body("x");
  Share share(budget, "a");
  std::stop_source stop;
  auto reading = begin(body, share, Deadline::when_stopped(stop.get_token()));
  while (!body.has_stalled) std::this_thread::yield();
  stop.request_stop();
  EXPECT_EQ(reading.get()->error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace fw::net

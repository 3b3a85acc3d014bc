#include "auth/limits.h"

#include <gtest/gtest.h>

namespace fw::auth {
namespace {

using namespace std::chrono_literals;

TEST(TokenBucket, AllowsItsRateAndSaysHowLongToWait) {
  ManualClock clock;
  TokenBucket bucket(2);
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(bucket.wait(clock.instant()));
    bucket.charge(1, clock.instant());
  }
  EXPECT_EQ(bucket.wait(clock.instant()), Duration(500ms));
  clock.advance(500ms);
  EXPECT_FALSE(bucket.wait(clock.instant()));
}

TEST(TokenBucket, WhatWentBeyondItIsADebtThatIsWaitedFor) {
  ManualClock clock;
  TokenBucket bucket(1000);
  EXPECT_FALSE(bucket.wait(clock.instant()));
  bucket.charge(11'000, clock.instant());
  EXPECT_GE(bucket.wait(clock.instant()), Duration(10s));
  clock.advance(11s);
  EXPECT_FALSE(bucket.wait(clock.instant()));
}

TEST(TokenBucket, RestSavesNoMoreThanASecond) {
  ManualClock clock;
  TokenBucket bucket(5);
  clock.advance(1h);
  for (int i = 0; i < 5; ++i) bucket.charge(1, clock.instant());
  EXPECT_TRUE(bucket.wait(clock.instant()));
}

TEST(TokenBucket, ZeroIsNoLimit) {
  TokenBucket bucket(0);
  bucket.charge(1e12, Instant{});
  EXPECT_FALSE(bucket.wait(Instant{}));
}

}  // namespace
}  // namespace fw::auth

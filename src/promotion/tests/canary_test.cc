#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "promotion/gates.h"

namespace fw::promotion {
namespace {

const std::vector<double> kSteps = {0.01, 0.05, 0.25, 0.5};

/// Plays a canary on requests of which `bad` are errors. The step at which it was rolled back; kSteps.size(): it went
/// live.
std::size_t play(double bad, std::mt19937_64& random) {
  std::bernoulli_distribution is_bad(bad);
  Gates gates;
  for (std::size_t step = 0; step < kSteps.size(); ++step) {
    while (gates.missing(step, kSteps) > 0) {
      gates.add({.is_error = is_bad(random)});
      if (gates.failure()) return step;
    }
  }
  return kSteps.size();
}

TEST(Canary, AGoodCandidateIsRolledBackInLessThanOneInTwentyOf2000Promotions) {
  std::mt19937_64 random(1);
  int rolled_back = 0;
  for (int i = 0; i < 2000; ++i) rolled_back += play(0.02, random) < kSteps.size() ? 1 : 0;  // at the limit itself
  RecordProperty("false_rollbacks_of_2000", rolled_back);
  EXPECT_LT(rolled_back, 100);
}

TEST(Canary, OneTwiceAsBadAsAllowedIsCaughtBeforeAQuarterOfTheTraffic) {
  std::mt19937_64 random(2);
  int caught = 0;
  for (int i = 0; i < 2000; ++i) caught += play(0.04, random) < 2 ? 1 : 0;
  RecordProperty("caught_of_2000", caught);
  EXPECT_GE(caught, 1900);
}

TEST(Canary, AFailedGateSaysWhichWithFigures) {
  Gates gates;
  for (int i = 0; i < 40; ++i) gates.add({.is_error = false, .is_invalid_call = true});
  ASSERT_TRUE(gates.failure());
  EXPECT_THAT(*gates.failure(), testing::HasSubstr("invalid tool calls: 100.0 % of"));
  EXPECT_THAT(*gates.failure(), testing::HasSubstr("at most 1.0 % may"));
}

TEST(Canary, WhatWasNotLookedAtCountsForNoGate) {
  Gates gates;
  for (int i = 0; i < 1000; ++i) gates.add({});
  EXPECT_EQ(gates.test(Gate::kErrors).count(), 1000U);
  EXPECT_EQ(gates.test(Gate::kDisagreement).count(), 0U);
  EXPECT_FALSE(gates.failure());
}

TEST(Canary, TooLittleTrafficWaitsAndSaysHowMuchIsMissing) {
  Gates gates;
  const auto needed = gates.needed(0, kSteps);
  EXPECT_GT(needed, 50U);
  gates.add({});
  EXPECT_EQ(gates.missing(0, kSteps), needed - 1);
  for (std::size_t step = 1; step < kSteps.size(); ++step)
    EXPECT_GT(gates.needed(step, kSteps), gates.needed(step - 1, kSteps));
}

TEST(Canary, AConversationStaysWithItsModelAsTheShareGrows) {
  int in[] = {0, 0, 0};
  constexpr int kConversations = 20'000;
  for (int i = 0; i < kConversations; ++i) {
    const std::string id = "c" + std::to_string(i);
    const bool small = is_in_canary(id, 0.05, "p-1"), large = is_in_canary(id, 0.25, "p-1");
    EXPECT_TRUE(!small || large);
    in[0] += small ? 1 : 0;
    in[1] += large ? 1 : 0;
    in[2] += is_in_canary(id, 0.05, "p-2") && small ? 1 : 0;
  }
  EXPECT_NEAR(in[0], 0.05 * kConversations, 150);
  EXPECT_NEAR(in[1], 0.25 * kConversations, 300);
  EXPECT_LT(in[2], 120);  // another proposal begins with other conversations
  EXPECT_TRUE(is_in_canary("x", 1, "p"));
  EXPECT_FALSE(is_in_canary("x", 0, "p"));
}

}  // namespace
}  // namespace fw::promotion

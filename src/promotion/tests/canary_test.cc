#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "promotion/canary_watch.h"
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

Proposal on_traffic(Stage stage, std::size_t step) { return {.id = "p", .stage = stage, .step = step}; }

TEST(CanaryWatch, AdvancesOnceAStepAndLeavesGoingLiveToPeople) {
  CanaryWatch watch({}, kSteps);
  const Gates gates;
  for (std::size_t step = 0; step < kSteps.size(); ++step) {
    watch.set({on_traffic(Stage::kCanary, step)});
    std::optional<Decision> decision;
    int decisions = 0;
    const auto until = gates.needed(step, kSteps) + 50;
    while (watch.progress("p")->requests < until) {
      if (auto one = watch.observe("p", {})) {
        decision = one;
        ++decisions;
        EXPECT_EQ(watch.progress("p")->requests, gates.needed(step, kSteps));
      }
    }
    EXPECT_EQ(decisions, step + 1 < kSteps.size() ? 1 : 0);
    if (decision) EXPECT_EQ(decision->action, Action::kAdvance);
  }
}

TEST(CanaryWatch, RollsBackOnceWithTheGatesFiguresLiveModelsToo) {
  for (const Stage stage : {Stage::kCanary, Stage::kLive}) {
    CanaryWatch watch({}, kSteps);
    watch.set({on_traffic(stage, 0)});
    std::vector<Decision> decisions;
    for (int i = 0; i < 100; ++i) {
      if (auto one = watch.observe("p", {.is_error = true})) decisions.push_back(*one);
    }
    ASSERT_EQ(decisions.size(), 1U);
    EXPECT_EQ(decisions[0].action, Action::kRollBack);
    EXPECT_THAT(decisions[0].reason, testing::HasSubstr("errors: 100.0 % of"));
  }
}

TEST(CanaryWatch, WhatIsNotOnTrafficIsNotWatched) {
  CanaryWatch watch({}, kSteps);
  EXPECT_FALSE(watch.observe("p", {.is_error = true}));
  watch.set({on_traffic(Stage::kCanary, 0)});
  EXPECT_EQ(watch.progress("p")->requests, 0U);
  EXPECT_GT(watch.progress("p")->missing, 0U);
  watch.set({});
  EXPECT_FALSE(watch.progress("p"));
}

}  // namespace
}  // namespace fw::promotion

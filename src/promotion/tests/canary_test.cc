#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "promotion/canary_watch.h"
#include "promotion/gates.h"

namespace fw::promotion {
namespace {

const std::vector<double> kSteps = {0.01, 0.05, 0.25, 0.5};

/// All gates on, at limits that differ.
GateLimits all_on() { return {.slow_after = std::chrono::seconds(2), .text_disagreement = 0.3, .judged = 0.2}; }

/// A request of which `gate` sees something: bad with a chance of `rate`. What is graded is bad by a half or whole, so
/// that its mean is the rate.
Observation seen_by(Gate gate, double rate, std::mt19937_64& random) {
  Observation seen{.is_error = false, .judged = 0};  // where nothing is rated, nothing goes on
  const bool is_bad = std::bernoulli_distribution(rate)(random);
  switch (gate) {
    case Gate::kErrors: seen.is_error = is_bad; break;
    case Gate::kSlow: seen.is_slow = is_bad; break;
    case Gate::kInvalidCalls: seen.is_invalid_call = is_bad; break;
    case Gate::kDisagreement: seen.disagreement = is_bad ? 1 : 0; break;
    case Gate::kJudged: seen.judged = is_bad ? 1 : 0; break;
    case Gate::kBadFeedback: seen.bad_feedback = is_bad ? 1 : 0; break;
    case Gate::kTextDisagreement: {
      const bool other = std::bernoulli_distribution(rate)(random);
      seen.text_disagreement = (is_bad ? 0.5 : 0) + (other ? 0.5 : 0);
      break;
    }
  }
  return seen;
}

/// Plays a canary whose requests are bad in one way. The step at which it was rolled back; kSteps.size(): it went live.
std::size_t play(Gate gate, double rate, std::mt19937_64& random) {
  static const Gates fresh(all_on());  // what it needs is costly to find
  Gates gates = fresh;
  for (std::size_t step = 0; step < kSteps.size(); ++step) {
    while (gates.missing(step, kSteps) > 0) {
      gates.add(seen_by(gate, rate, random));
      if (gates.failure()) return step;
    }
  }
  return kSteps.size();
}

class EveryGate : public testing::TestWithParam<Gate> {
 protected:
  [[nodiscard]] static double limit() { return Gates(all_on()).test(GetParam())->limit(); }
};

TEST_P(EveryGate, AGoodCandidateIsRolledBackInLessThanOneInTwentyOf2000Promotions) {
  std::mt19937_64 random(1);
  int rolled_back = 0;
  for (int i = 0; i < 2000; ++i) rolled_back += play(GetParam(), limit(), random) < kSteps.size() ? 1 : 0;
  RecordProperty("false_rollbacks_of_2000", rolled_back);
  EXPECT_LT(rolled_back, 100);
}

TEST_P(EveryGate, OneTwiceAsBadAsAllowedIsCaughtBeforeAQuarterOfTheTraffic) {
  std::mt19937_64 random(2);
  int caught = 0;
  for (int i = 0; i < 2000; ++i) caught += play(GetParam(), 2 * limit(), random) < 2 ? 1 : 0;
  RecordProperty("caught_of_2000", caught);
  EXPECT_GE(caught, 1900);
}

INSTANTIATE_TEST_SUITE_P(Canary, EveryGate,
                         testing::Values(Gate::kErrors, Gate::kSlow, Gate::kInvalidCalls, Gate::kDisagreement,
                                         Gate::kTextDisagreement, Gate::kBadFeedback, Gate::kJudged),
                         [](const auto& gate) { return std::string(name_of(gate.param)); });

TEST(Canary, AllGatesTogetherRollAGoodCandidateBackInLessThanOneInTwenty) {
  std::mt19937_64 random(3);
  const Gates fresh(all_on());
  int rolled_back = 0;
  for (int i = 0; i < 2000; ++i) {
    Gates gates = fresh;
    while (gates.missing(kSteps.size() - 1, kSteps) > 0 && !gates.failure()) {
      Observation seen{.is_error = std::bernoulli_distribution(0.02)(random)};
      seen.is_slow = std::bernoulli_distribution(0.05)(random);
      seen.is_invalid_call = std::bernoulli_distribution(0.01)(random);
      seen.disagreement = std::bernoulli_distribution(0.1)(random) ? 1 : 0;
      seen.bad_feedback = std::bernoulli_distribution(0.05)(random) ? 1 : 0;
      seen.text_disagreement = std::bernoulli_distribution(0.3)(random) ? 1 : 0;
      seen.judged = std::bernoulli_distribution(0.2)(random) ? 1 : 0;
      gates.add(seen);
    }
    rolled_back += gates.failure() ? 1 : 0;
  }
  RecordProperty("false_rollbacks_of_2000", rolled_back);
  EXPECT_LT(rolled_back, 100);
}

TEST(Canary, AModelThatWasGoodForAMillionRequestsIsRolledBackSoonAfterItsEngineDied) {
  GateTest test(0.02, 0.05, 4000);
  for (int i = 0; i < 1'000'000; ++i) test.add(0);
  int errors = 0;
  while (!test.is_failed() && errors < 10'000) {
    test.add(1);
    ++errors;
  }
  RecordProperty("errors", errors);
  EXPECT_LT(errors, 200);
  EXPECT_EQ(test.total(), 1'000'000U + static_cast<unsigned>(errors));
}

TEST(Canary, WhatWasCountedGoesOnAfterARestart) {
  std::mt19937_64 random(4);
  Gates gates(all_on()), other(all_on());
  for (int i = 0; i < 20'000; ++i) gates.add(seen_by(Gate::kTextDisagreement, 0.25, random));
  const Counts counts = counts_of(to_json(Counts{{"p", gates.state()}}));
  ASSERT_TRUE(counts.contains("p"));
  other.restore(counts.at("p"));
  EXPECT_EQ(other.answered(), 20'000U);
  const auto *one = gates.test(Gate::kTextDisagreement), *two = other.test(Gate::kTextDisagreement);
  EXPECT_EQ(one->total(), two->total());
  EXPECT_DOUBLE_EQ(one->total_mean(), two->total_mean());
  int left = 0;
  for (; !gates.failure() && left < 100'000; ++left) {
    gates.add({.text_disagreement = 1.0});
    other.add({.text_disagreement = 1.0});
  }
  EXPECT_TRUE(other.failure());
  // Bets at another limit were others: that gate begins anew.
  Gates changed(GateLimits{.errors = 0.1});
  changed.restore(counts.at("p"));
  EXPECT_EQ(changed.test(Gate::kErrors)->total(), 0U);
  EXPECT_EQ(changed.answered(), 20'000U);
}

TEST(Canary, TheJudgeDecidesNothingOnFewerPairsThanItHasToRate) {
  Gates gates({.judged = 0.2, .judged_least = 40});
  for (int i = 0; i < 39; ++i) gates.add({.judged = 1, .is_copy = true});
  EXPECT_FALSE(gates.failure());
  gates.add({.judged = 1, .is_copy = true});
  EXPECT_EQ(gates.failure(), "answers that the judge finds worse: 100.0 % of 40, at most 20.0 % may");
}

TEST(Canary, WhereRatingsAreAskedForNothingGoesOnWithoutThem) {
  Gates gates({.judged = 0.2, .judged_least = 40});
  for (int i = 0; i < 100'000; ++i) gates.add({.is_error = false});
  EXPECT_GT(gates.missing(0, kSteps), 0U);
  for (int i = 0; i < 1000; ++i) gates.add({.judged = 0.1, .is_copy = true});
  EXPECT_EQ(gates.missing(0, kSteps), 0U);
}

TEST(Canary, CountsThatCannotBeReadAreLeftOut) {
  for (const char* text : {"", "[]", "{}", R"({"version":2,"proposals":{}})", R"({"version":1,"proposals":{"p":{}}})",
                           R"({"version":1,"proposals":{"p":{"answered":1,"errors":{"limit":"x"}}}})"}) {
    EXPECT_TRUE(counts_of(text).empty()) << text;
  }
}

TEST(Canary, CopiesBringNoCanaryToItsNextStep) {
  Gates gates;
  gates.add({.is_error = false, .is_copy = true});
  EXPECT_EQ(gates.answered(), 0U);
  EXPECT_EQ(gates.test(Gate::kErrors)->total(), 1U);
}

TEST(Canary, AGateWithoutALimitIsOff) {
  Gates gates(GateLimits{.errors = 0, .invalid_calls = 0});
  EXPECT_EQ(gates.test(Gate::kErrors), nullptr);
  EXPECT_EQ(gates.test(Gate::kSlow), nullptr);  // no answer is slow without a time
  for (int i = 0; i < 1000; ++i) gates.add({.is_error = true, .is_slow = true, .is_invalid_call = true});
  EXPECT_FALSE(gates.failure());
  EXPECT_EQ(gates.missing(3, kSteps), gates.needed(3, kSteps) > 1000 ? gates.needed(3, kSteps) - 1000 : 0);
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
  for (int i = 0; i < 1000; ++i) gates.add({.is_error = false});
  EXPECT_EQ(gates.test(Gate::kErrors)->total(), 1000U);
  EXPECT_EQ(gates.test(Gate::kDisagreement)->total(), 0U);
  EXPECT_FALSE(gates.failure());
}

TEST(Canary, TooLittleTrafficWaitsAndSaysHowMuchIsMissing) {
  Gates gates({.invalid_calls = 0});
  const auto needed = gates.needed(0, kSteps);
  EXPECT_GT(needed, 50U);
  gates.add({.is_error = false});
  EXPECT_EQ(gates.missing(0, kSteps), needed - 1);
  for (std::size_t step = 1; step < kSteps.size(); ++step)
    EXPECT_GT(gates.needed(step, kSteps), gates.needed(step - 1, kSteps));
}

TEST(Canary, WhatIsMissingIsSaidFromTheBeginningAndGoesDown) {
  const GateLimits limits{.slow = 0.01, .slow_after = std::chrono::seconds(2), .judged = 0.2};
  Gates gates(limits);
  EXPECT_GT(gates.missing(0, kSteps), gates.needed(0, kSteps)) << "slow answers need more than errors";
  std::uint64_t before = gates.missing(0, kSteps);
  for (int i = 0; i < 10'000 && before > 0; ++i) {
    Observation seen{.is_error = false, .judged = 0.1};
    if (i % 3 != 0) seen.is_slow = false;  // of what was cut nobody knows
    if (i % 3 == 1) seen.is_invalid_call = false;
    gates.add(seen);
    EXPECT_LE(gates.missing(0, kSteps), before) << i;
    before = gates.missing(0, kSteps);
  }
  EXPECT_EQ(before, 0U);
}

TEST(Canary, AGateThatSeesNothingHoldsNothingUp) {
  Gates gates({.slow_after = std::chrono::seconds(2)});
  const auto needed = gates.needed(0, kSteps);
  for (std::uint64_t i = 0; i < needed; ++i) {
    EXPECT_GT(gates.missing(0, kSteps), 0U);
    gates.add({.is_error = false});
  }
  EXPECT_EQ(gates.missing(0, kSteps), 0U);
}

Proposal on_traffic(Stage stage, std::size_t step) {
  return {.id = "p",
          .stage = stage,
          .step = step,
          .share = stage == Stage::kCanary ? kSteps[step] : 0,
          .revision = step + 1};
}

TEST(CanaryWatch, AdvancesOnceAStepAndLeavesGoingLiveToPeople) {
  CanaryWatch watch({}, kSteps);
  const Gates gates;
  for (std::size_t step = 0; step < kSteps.size(); ++step) {
    watch.set({on_traffic(Stage::kCanary, step)});
    std::optional<Decision> decision;
    int decisions = 0;
    const auto until = gates.needed(step, kSteps) + 50;
    while (watch.progress("p")->requests < until) {
      if (auto one = watch.observe("p", {.is_error = false})) {
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

#include "evals/statistics/estimate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "evals/statistics/paired_estimate.h"
#include "evals/statistics/proportion.h"

namespace fw::evals {
namespace {

Sample rates(int right, int wrong) {
  Sample sample;
  for (int i = 0; i < right + wrong; ++i) sample.add(i < right ? 1 : 0, 1, static_cast<std::uint32_t>(i));
  return sample;
}

Sample graded(std::vector<double> values) {
  Sample sample;
  for (const double value : values) sample.add(value, 1, static_cast<std::uint32_t>(sample.size()));
  return sample;
}

TEST(Estimate, OfIndependentRatesIsWilsons) {
  const Estimate e = estimate(rates(96, 4), true);
  EXPECT_EQ(e.n, 100U);
  EXPECT_EQ(e.right, 96U);
  EXPECT_EQ(e.effective_n, 100);
  EXPECT_NEAR(e.interval.low, 0.9016, 1e-4);
  EXPECT_NEAR(e.interval.high, 0.9843, 1e-4);
}

TEST(Estimate, TheTestAgreesWithTheInterval) {
  const Estimate e = estimate(rates(96, 4), true);
  EXPECT_NEAR(p_above(e, e.interval.low), 0.025, 1e-9);
  EXPECT_GE(p_below(e, e.interval.high), 0.025);
  const Estimate g = estimate(graded({0.9, 0.8, 1, 0.7, 0.95, 0.85, 0.9, 0.6, 1, 0.9}), false);
  EXPECT_NEAR(p_above(g, g.interval.low), 0.025, 1e-9);
}

TEST(Estimate, EqualGradedValuesLeaveAnIntervalOpen) {
  for (const double value : {0.0, 0.5, 1.0}) {
    const Estimate e = estimate(graded(std::vector<double>(20, value)), false);
    EXPECT_GT(e.interval.high - e.interval.low, 0.15) << value;
  }
  // One value says next to nothing.
  const Estimate one = estimate(graded({1}), false);
  EXPECT_NEAR(one.interval.low, 0.025, 1e-12);
  EXPECT_GT(p_above(one, 0.9), 0.4);
}

TEST(Estimate, ConversationsThatAnswerAsOneCountAsOne) {
  Sample sample;
  for (std::uint32_t conversation = 0; conversation < 20; ++conversation)
    for (int turn = 0; turn < 10; ++turn) sample.add(conversation < 18 ? 1 : 0, 1, conversation);
  const Estimate e = estimate(sample, true);
  EXPECT_EQ(e.n, 200U);
  EXPECT_EQ(e.clusters, 20U);
  EXPECT_LT(e.effective_n, 20.01);
  EXPECT_LT(e.interval.low, wilson_interval(18, 20).low + 0.005);
}

TEST(Estimate, IndependentTurnsCountAlmostAsRows) {
  Sample sample;
  for (std::uint32_t i = 0; i < 400; ++i) sample.add((i * 7919) % 10 == 0 ? 0 : 1, 1, i / 4);
  const Estimate e = estimate(sample, true);
  EXPECT_GT(e.effective_n, 250);
  EXPECT_LE(e.effective_n, 400);
}

TEST(Estimate, AllRightInFewConversationsIsNotTakenForManyRows) {
  Sample sample;
  for (std::uint32_t i = 0; i < 300; ++i) sample.add(1, 1, i % 3);
  const Estimate e = estimate(sample, true);
  EXPECT_LE(e.effective_n, 3);
  EXPECT_LT(e.interval.low, 0.6);
}

/// 20 conversations of ten rows; `wrong` of the rows, each in another conversation.
Sample in_conversations(std::uint32_t wrong) {
  Sample sample;
  for (std::uint32_t i = 0; i < 200; ++i) sample.add(i % 10 == 0 && i / 10 < wrong ? 0 : 1, 1, i / 10);
  return sample;
}

TEST(Estimate, ErrorsDoNotMakeAResultSurer) {
  double last = p_above(estimate(in_conversations(0), true), 0.95);
  EXPECT_GT(last, 0.025) << "twenty conversations cannot show that others are as good";
  for (std::uint32_t wrong = 1; wrong < 5; ++wrong) {
    const double p = p_above(estimate(in_conversations(wrong), true), 0.95);
    EXPECT_GE(p, last) << wrong;
    last = p;
  }
  EXPECT_LT(estimate(in_conversations(2), true).interval.low, 0.9);
}

TEST(Estimate, NearOneTheBinomialTailMustSayNoToo) {
  // scipy.stats.binom.cdf(47, 50, 0.98) and (25, 50, 0.98)
  EXPECT_NEAR(p_below(estimate(rates(47, 3), true), 0.98), 0.0784, 1e-3);
  EXPECT_LT(p_below(estimate(rates(25, 25), true), 0.98), 1e-12);
}

TEST(Estimate, WeighsRowsByTheTrafficTheyStandFor) {
  Sample sample;
  for (std::uint32_t i = 0; i < 50; ++i) sample.add(1, 9, i);
  for (std::uint32_t i = 50; i < 100; ++i) sample.add(0, 1, i);
  const Estimate e = estimate(sample, true);
  EXPECT_NEAR(e.mean, 0.9, 1e-12);
  EXPECT_LT(e.effective_n, 70);
}

/// One request that is half of the traffic, asked 100 times, and 100 of those that are the other half.
Sample with_frequent(std::uint32_t wrong_asks, std::uint32_t wrong) {
  Sample sample;
  for (std::uint32_t i = 0; i < 100; ++i) sample.add(i < wrong_asks ? 0 : 1, 1, i);
  for (std::uint32_t i = 0; i < 100; ++i) sample.add(i < wrong ? 0 : 1, 1, 100 + i);
  sample.again = 99;
  return sample;
}

TEST(Estimate, TheAsksOfARequestAreValuesOfOneRow) {
  const Estimate e = estimate(with_frequent(10, 0), true), rows = estimate(rates(190, 10), true);
  EXPECT_EQ(e.n, 200U);
  EXPECT_EQ(e.rows, 101U);
  EXPECT_EQ(e.right, 190U);
  EXPECT_EQ(e.interval.low, rows.interval.low);
  EXPECT_EQ(e.interval.high, rows.interval.high);
  EXPECT_EQ(p_above(e, 0.9), p_above(rows, 0.9));
  const auto needed = rows_to_decide(e, 0.93, 0.025, 0.8), of_rows = rows_to_decide(rows, 0.93, 0.025, 0.8);
  EXPECT_NEAR(static_cast<double>(*needed), static_cast<double>(*of_rows) * 101 / 200, 1)
      << "with twice as many rows the request is asked twice as often";
  EXPECT_LT(p_above(estimate(with_frequent(0, 0), true), 0.95), 0.025);
  const Estimate wrong = estimate(with_frequent(100, 0), true);
  EXPECT_NEAR(wrong.mean, 0.5, 1e-12);
  EXPECT_LT(p_below(wrong, 0.95), 1e-9);
  EXPECT_EQ(estimate(rates(9, 1), true).rows, 10U);
}

TEST(Estimate, SaysHowManyRowsWouldDecide) {
  EXPECT_EQ(rows_to_pass_at_best(0.95, 0.025), 73U);
  EXPECT_GE(wilson_interval(73, 73).low, 0.95);
  EXPECT_LT(wilson_interval(72, 72).low, 0.95);
  const Estimate seen = estimate(rates(97, 3), true);
  const auto rows = rows_to_decide(seen, 0.95, 0.025, 0.8);
  ASSERT_TRUE(rows.has_value());
  EXPECT_GT(*rows, 750U);
  EXPECT_LT(*rows, 900U);
  EXPECT_FALSE(rows_to_decide(seen, seen.mean, 0.025, 0.8));
}

TEST(PairedEstimate, OfIndependentRatesIsMcNemars) {
  PairedSample sample;
  for (std::uint32_t i = 0; i < 20; ++i) sample.add(i < 12 ? 1 : 0, i < 10 ? 0 : 1, 1, i);
  const PairedEstimate e = compare(sample, true, Random(1));
  EXPECT_EQ(e.only_a, 10U);
  EXPECT_EQ(e.only_b, 8U);
  EXPECT_EQ(e.test, "mcnemar exact");
  EXPECT_NEAR(e.difference, 0.1, 1e-12);
}

TEST(PairedEstimate, FlipsWholeConversations) {
  PairedSample alone, together;
  for (std::uint32_t i = 0; i < 40; ++i) {
    alone.add(1, 0.5, 1, i);
    together.add(1, 0.5, 1, i / 10);
  }
  // Forty rows that all improve prove much, four conversations do not: a fifth of all may be the other way.
  EXPECT_LT(compare(alone, false, Random(1)).p_value, 0.001);
  EXPECT_NEAR(compare(together, false, Random(1)).p_value, 2 * std::pow(1 / 1.5, 4), 1e-12);
}

TEST(PairedEstimate, TestAndIntervalSayTheSame) {
  for (const double difference : {0.05, 0.1, 0.15, 0.2, 0.3, 0.6}) {
    PairedSample sample;
    for (std::uint32_t i = 0; i < 80; ++i) sample.add(0.3 + difference, 0.3, 1, i / 4);
    const PairedEstimate e = compare(sample, false, Random(1));
    EXPECT_EQ(e.interval.low > 0, e.p_value < 0.05) << difference;
    EXPECT_EQ(e.p_better < 0.025, e.p_value < 0.05) << difference;
    const auto rows = rows_to_tell_apart(e, 0.05, 0.8);
    ASSERT_TRUE(rows) << difference;
    EXPECT_EQ(*rows > 80, e.p_value >= 0.05) << difference << ": " << *rows;
  }
  PairedSample equal;
  for (std::uint32_t i = 0; i < 10; ++i) equal.add(0.5, 0.5, 1, i / 2);
  EXPECT_EQ(rows_to_tell_apart(compare(equal, false, Random(1)), 0.05, 0.8), std::nullopt);
}

}  // namespace
}  // namespace fw::evals

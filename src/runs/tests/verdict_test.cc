#include "runs/impl/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runs/decidability.h"

namespace fw::runs {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

evals::Estimate rate(int right, int rows) {
  evals::Sample sample;
  for (int i = 0; i < rows; ++i) sample.add(i < right ? 1 : 0, 1, static_cast<std::uint32_t>(i));
  return evals::estimate(sample, true);
}

evals::Estimate graded(double value, int rows) {
  evals::Sample sample;
  for (int i = 0; i < rows; ++i) sample.add(value + (i % 2 == 0 ? 0.05 : -0.05), 1, static_cast<std::uint32_t>(i));
  return evals::estimate(sample, false);
}

Evidence seen(int right, int rows) {
  return {.rows = static_cast<std::uint64_t>(rows), .agreement = rate(right, rows)};
}

Verdict verdict_on(const Evidence& evidence, PromisingRule rule = {}, const Ceiling& ceiling = {}) {
  return decide({&evidence, 1}, rule, ceiling).front();
}

TEST(Verdict, IsYesWhenTheIntervalClearsTheThreshold) {
  const Verdict v = verdict_on(seen(298, 300));
  EXPECT_EQ(v.decision, Decision::kYes);
  EXPECT_THAT(v.reason, HasSubstr("right on 298 of 300 rows"));
}

TEST(Verdict, AYesOnTheRowsOfAnEarlierJobLeavesOpenWhatCameSince) {
  Evidence evidence = seen(298, 300);
  evidence.is_held_set = true;
  const Verdict v = verdict_on(evidence);
  EXPECT_EQ(v.decision, Decision::kYes);
  EXPECT_THAT(v.reason, HasSubstr("traffic since then was not measured"));
}

TEST(Verdict, IsNotDecidedWhenTheIntervalHoldsTheThreshold) {
  // 18 of 20 is no proof against a model: 70 to 97 %.
  PromisingRule rule{.min_rows = 20};
  const Verdict v = verdict_on(seen(18, 20), rule);
  EXPECT_EQ(v.decision, Decision::kNotDecided);
  ASSERT_TRUE(v.rows_needed.has_value());
  EXPECT_GT(*v.rows_needed, 20U);
  EXPECT_EQ(v.chance, 0.8);
}

TEST(Verdict, IsNoOnlyWhenTheUpperBoundLiesBelow) {
  EXPECT_EQ(verdict_on(seen(120, 200)).decision, Decision::kNo);
  EXPECT_EQ(verdict_on(seen(36, 40)).decision, Decision::kNotDecided);
}

TEST(Verdict, FewRowsNeverDecide) {
  const Verdict v = verdict_on(seen(20, 20));
  EXPECT_EQ(v.decision, Decision::kNotDecided);
  EXPECT_THAT(v.reason, HasSubstr("promising.min_rows"));
  EXPECT_EQ(verdict_on(seen(0, 20)).decision, Decision::kNotDecided);
}

TEST(Verdict, AJudgeThatRatedOneRowOfTwentyDecidesNothing) {
  Evidence evidence{.rows = 200, .rows_unscored = 190, .agreement = rate(10, 10)};
  EXPECT_EQ(verdict_on(evidence, {.min_rows = 5}).decision, Decision::kNotDecided);
  evidence.rows_unscored = 5;
  evidence.agreement = rate(195, 195);
  EXPECT_THAT(verdict_on(evidence).reason, HasSubstr("5 of 200 rows lack"));
}

TEST(Verdict, WhatCostsMoreThanProductionIsNotPromising) {
  Evidence evidence = seen(300, 300);
  evidence.cost_per_1000 = 14;
  evidence.production_cost_per_1000 = 1;
  const Verdict v = verdict_on(evidence);
  EXPECT_EQ(v.decision, Decision::kNo);
  EXPECT_THAT(v.reason, StartsWith("costs 14 times what production costs"));
}

TEST(Verdict, WhatATrivialAnswerReachesIsNotPromising) {
  Evidence evidence = seen(299, 300);
  evidence.baseline = {.title = "always the most frequent answer", .mean = 0.9967, .difference = {.n = 300}};
  EXPECT_EQ(verdict_on(evidence).decision, Decision::kNo);
  evidence.baseline->difference = {
      .n = 300, .only_a = 2, .only_b = 1, .difference = 0.003, .p_value = 1, .p_better = 0.5};
  EXPECT_EQ(verdict_on(evidence).decision, Decision::kNotDecided);
  evidence.baseline->difference = {.n = 300, .only_a = 90, .difference = 0.3, .p_value = 0, .p_better = 0};
  EXPECT_EQ(verdict_on(evidence).decision, Decision::kYes);
}

TEST(Verdict, ALittleBetterThanATrivialAnswerAndFarBelowTheThresholdIsNo) {
  Evidence evidence = seen(40, 120);
  evidence.baseline = {
      .title = "always the most frequent answer",
      .mean = 0.3,
      .difference = {.n = 120, .only_a = 10, .only_b = 6, .difference = 0.033, .p_value = 0.4, .p_better = 0.2}};
  const Verdict v = verdict_on(evidence);
  EXPECT_EQ(v.decision, Decision::kNo) << v.reason;
  EXPECT_THAT(v.reason, HasSubstr("below the threshold"));
}

TEST(Verdict, WordsAloneDoNotOverruleTheJudge) {
  // A good paraphrase may share fewer words with production's text than a phrase that fits everywhere.
  Evidence evidence{.rows = 300, .agreement = graded(0.949, 300), .at_best = rate(300, 300)};
  evidence.baseline = {.title = "always the most frequent answer",
                       .mean = 0.4,
                       .difference = {.n = 300, .only_b = 200, .difference = -0.1, .p_value = 0, .p_better = 1},
                       .by_words = 0.3};
  const PromisingRule rule{.margin = 0.1};
  const Verdict v = verdict_on(evidence, rule);
  EXPECT_EQ(v.decision, Decision::kNotDecided) << v.reason;
  EXPECT_THAT(v.reason,
              HasSubstr("by its words alone (30.0 %) no better than always the most frequent answer (40.0 %)"));
  evidence.agreement = graded(0.1, 300);
  EXPECT_EQ(verdict_on(evidence, rule).decision, Decision::kNo) << "neither the judge nor the words speak for it";
  evidence.baseline->difference = {.n = 300, .only_a = 200, .difference = 0.1, .p_value = 0, .p_better = 0};
  evidence.agreement = graded(0.949, 300);
  EXPECT_EQ(verdict_on(evidence, rule).decision, Decision::kYes);
}

TEST(Verdict, TheNewestPartMustHoldToo) {
  Evidence evidence = seen(298, 300);
  evidence.newest = rate(60, 100);
  EXPECT_EQ(verdict_on(evidence).decision, Decision::kNo);
  EXPECT_EQ(verdict_on(evidence).newest, Decision::kNo);
  evidence.newest = rate(37, 40);
  EXPECT_EQ(verdict_on(evidence).decision, Decision::kNotDecided);
  evidence.newest = rate(100, 100);
  EXPECT_EQ(verdict_on(evidence).newest, Decision::kYes);
}

TEST(Verdict, ANoOnTheNewestPartIsAdjustedForAllEvaluationsToo) {
  Evidence evidence = seen(298, 300);
  evidence.newest = rate(52, 60);
  EXPECT_EQ(verdict_on(evidence).newest, Decision::kNo);
  const std::vector<Evidence> six(6, evidence);
  for (const Verdict& one : decide(six, {}, {})) EXPECT_EQ(one.decision, Decision::kNotDecided) << one.reason;
}

TEST(Verdict, SaysWhichBarAMeasuredCeilingSets) {
  const Ceiling ceiling{.value = 0.917, .low = 0.82, .high = 0.965, .n = 60, .source = "replay", .note = ""};
  const Verdict v = verdict_on(seen(95, 100), {}, ceiling);
  EXPECT_EQ(v.decision, Decision::kNotDecided);
  EXPECT_THAT(v.reason, HasSubstr("known only to lie between 82.0 % and 96.5 % (60 rows)"));
  EXPECT_THAT(v.reason, HasSubstr("shown for 91.5 %"));
}

TEST(Verdict, AllEvaluationsOfAJobAreAdjustedTogether) {
  const std::vector<Evidence> alone{seen(97, 100)};
  std::vector<Evidence> many(6, seen(20, 100));
  many[0] = seen(97, 100);
  const PromisingRule rule{.margin = 0.09};
  EXPECT_EQ(decide(alone, rule, {}).front().decision, Decision::kYes);
  const Verdict among = decide(many, rule, {}).front();
  EXPECT_EQ(among.decision, Decision::kNotDecided);
  EXPECT_EQ(among.tests, 6U);
  EXPECT_NEAR(*among.p_adjusted, *among.p_value * 6, 1e-12);
  EXPECT_THAT(among.reason, HasSubstr("not among the 6 evaluations"));
}

TEST(Verdict, WhatWasAskedAPartOfTheRowsNeverSaysYesAndCostsTheOthersNothing) {
  Evidence part = seen(80, 80);
  part.is_partial = true;
  const std::vector<Evidence> evidence{seen(314, 320), part, part, part, part};
  const auto verdicts = decide(evidence, {}, {});
  EXPECT_EQ(verdicts[0].p_adjusted, verdicts[0].p_value);
  EXPECT_EQ(verdicts[0].decision, Decision::kYes);
  EXPECT_EQ(verdicts[1].decision, Decision::kNotDecided);
  EXPECT_THAT(verdicts[1].reason, HasSubstr("untuned_rows"));
  part.agreement = rate(4, 80);
  EXPECT_EQ(decide({&part, 1}, {}, {}).front().decision, Decision::kNo) << "what is far below stays no";
}

TEST(Verdict, AMeasuredCeilingLowersWhatIsAskedFor) {
  EXPECT_EQ(verdict_on(seen(280, 300)).decision, Decision::kNotDecided);
  const Ceiling ceiling{.value = 0.9, .low = 0.88, .high = 0.92, .n = 400, .source = "replay"};
  EXPECT_EQ(verdict_on(seen(280, 300), {}, ceiling).decision, Decision::kYes);
}

TEST(Verdict, WordsThatDifferAreNoProofAgainstAModelWithoutACeiling) {
  Evidence evidence{.rows = 200, .agreement = graded(0.45, 200), .at_best = rate(200, 200)};
  const Verdict unknown = verdict_on(evidence);
  EXPECT_EQ(unknown.decision, Decision::kNotDecided);
  EXPECT_THAT(unknown.reason, HasSubstr("production.url"));
  evidence.at_best = rate(110, 200);  // the calls among the rows are wrong however good the texts are
  EXPECT_EQ(verdict_on(evidence).decision, Decision::kNo);
  evidence.at_best = rate(200, 200);
  EXPECT_EQ(verdict_on(evidence).decision, Decision::kNotDecided);
  const Ceiling ceiling{.value = 0.8, .low = 0.78, .high = 0.82, .n = 100, .source = "replay"};
  EXPECT_EQ(verdict_on(evidence, {}, ceiling).decision, Decision::kNo);
}

TEST(Decidability, SaysHowManyRowsCouldEverDecide) {
  EXPECT_EQ(rows_that_can_decide({.margin = 0.05}, 1), 73U);
  EXPECT_EQ(verdict_on(seen(73, 73)).decision, Decision::kYes);
  EXPECT_EQ(verdict_on(seen(72, 72)).decision, Decision::kNotDecided);
  EXPECT_GT(rows_that_can_decide({.margin = 0.05}, 6), 120U);
  EXPECT_EQ(rows_that_can_decide({.margin = 0.5}, 1), 30U);
  EXPECT_GT(rows_that_can_decide({.margin = 0}, 1), 1'000'000'000U);
}

TEST(Decidability, GrowsWithTheRows) {
  const PromisingRule rule{.margin = 0.05};
  EXPECT_EQ(chance_to_decide(rule, 1, 20, 1), 0);
  EXPECT_EQ(chance_to_decide(rule, 1, 100, 1), 1);
  EXPECT_LT(chance_to_decide(rule, 6, 200, 0.98), chance_to_decide(rule, 6, 800, 0.98));
  EXPECT_NEAR(chance_to_decide(rule, 6, rows_for_chance(rule, 6, 0.98, 0.8), 0.98), 0.8, 0.01);
}

}  // namespace
}  // namespace fw::runs

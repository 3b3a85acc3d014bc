#include "review/quality.h"

#include <gtest/gtest.h>

namespace fw::review {
namespace {

Label said(const std::string& row, Verdict verdict, const std::string& person = "ann") {
  return {.record_id = row, .person = person, .verdict = verdict};
}

/// 100 rows of one class, 20 of which differ: r0 to r19.
struct OneClass {
  Subject subject{.rows = 100, .divergent = 20, .classes = {{"a", 1.0, 100, 20}}};
  std::vector<Item> items;
  OneClass() {
    for (int i = 0; i < 20; ++i) items.push_back({.record_id = "r" + std::to_string(i), .label = "a"});
  }
};

TEST(ReviewQuality, ThereIsNoneBeforeSomebodyCouldTell) {
  const OneClass one;
  EXPECT_FALSE(quality(one.subject, one.items, {}));
  EXPECT_FALSE(quality(one.subject, one.items, {said("r1", Verdict::kCannotTell)}));
}

TEST(ReviewQuality, WhenAllIsJudgedItIsTheShareThatIsNoWorse) {
  const OneClass one;
  std::vector<Label> labels;
  for (int i = 0; i < 20; ++i)
    labels.push_back(said("r" + std::to_string(i), i < 5 ? Verdict::kBothFine : Verdict::kProductionBetter));
  const auto known = quality(one.subject, one.items, labels).value();
  EXPECT_DOUBLE_EQ(known.as_good, 0.85);
  EXPECT_EQ(known.judged, 20u);
  // Nothing but the draw of 100 rows is left: Wilson's interval for 85 of 100.
  EXPECT_NEAR(known.interval.low, 0.767, 0.002);
  EXPECT_NEAR(known.interval.high, 0.907, 0.002);
}

TEST(ReviewQuality, UnjudgedRowsAreTakenForWhatWasJudgedAndWidenTheInterval) {
  const OneClass one;
  const auto few =
      quality(one.subject, one.items, {said("r1", Verdict::kBothFine), said("r2", Verdict::kProductionBetter)}).value();
  EXPECT_DOUBLE_EQ(few.as_good, 0.9);
  std::vector<Label> all;
  for (int i = 0; i < 20; ++i)
    all.push_back(said("r" + std::to_string(i), i % 2 == 0 ? Verdict::kBothFine : Verdict::kProductionBetter));
  const auto many = quality(one.subject, one.items, all).value();
  EXPECT_DOUBLE_EQ(many.as_good, 0.9);
  EXPECT_GT(few.interval.high - few.interval.low, many.interval.high - many.interval.low);
}

TEST(ReviewQuality, ClassesWeighWhatTheyHaveOfTheTraffic) {
  const Subject subject{.rows = 20, .divergent = 20, .classes = {{"a", 0.9, 10, 10}, {"b", 0.1, 10, 10}}};
  const std::vector<Item> items{{.record_id = "r1", .label = "a"}, {.record_id = "r2", .label = "b"}};
  EXPECT_NEAR(
      quality(subject, items, {said("r1", Verdict::kCandidateBetter), said("r2", Verdict::kProductionBetter)})->as_good,
      0.9, 1e-12);
}

TEST(ReviewQuality, AFrequentRequestCountsForAllThatItStandsFor) {
  // A request that is a quarter of the traffic was asked 31 times, and differs each time; five others differ too.
  Subject subject{.rows = 124, .divergent = 36, .classes = {{"a", 1.0, 124, 36, 0.25 + 5 * 0.75 / 93}}};
  std::vector<Item> items{{.record_id = "often", .label = "a", .asks = 31, .share = 0.25}};
  std::vector<Label> labels{said("often", Verdict::kProductionBetter)};
  for (int i = 0; i < 5; ++i) {
    items.push_back({.record_id = "r" + std::to_string(i), .label = "a", .share = 0.75 / 93});
    labels.push_back(said("r" + std::to_string(i), Verdict::kBothFine));
  }
  const auto known = quality(subject, items, labels).value();
  EXPECT_NEAR(known.as_good, 0.75, 1e-12);
  EXPECT_GT(known.interval.high - known.interval.low, 0.1);
  EXPECT_LT(known.interval.low, 0.72);
  // While the five alone are judged, it is taken for what they are, and little is known.
  const auto unknown = quality(subject, items, {labels.begin() + 1, labels.end()}).value();
  EXPECT_NEAR(unknown.as_good, 1, 1e-12);
  EXPECT_LT(unknown.interval.low, 0.75) << "a quarter of the traffic may be all bad";
  labels.pop_back();
  const auto less = quality(subject, items, labels).value();
  EXPECT_LT(less.as_good, 0.75) << "the fifth is taken for the mean of those that were judged";
}

TEST(ReviewQuality, PeopleWhoDifferCountHalf) {
  const Subject subject{.rows = 1, .divergent = 1, .classes = {{"a", 1, 1, 1}}};
  EXPECT_DOUBLE_EQ(quality(subject, {{.record_id = "r", .label = "a"}},
                           {said("r", Verdict::kBothFine, "ann"), said("r", Verdict::kProductionBetter, "bob")})
                       ->as_good,
                   0.5);
}

TEST(ReviewAgreement, IsCohensKappaOverTheRowsOfBoth) {
  std::vector<Label> labels;
  // 50 rows: 20 both fine, 15 both production; 10 and 5 apart. Cohen's example: kappa = 0.4.
  const auto add = [&](int from, int to, Verdict a, Verdict b) {
    for (int i = from; i < to; ++i) {
      labels.push_back(said("r" + std::to_string(i), a, "ann"));
      labels.push_back(said("r" + std::to_string(i), b, "bob"));
    }
  };
  add(0, 20, Verdict::kBothFine, Verdict::kBothFine);
  add(20, 25, Verdict::kBothFine, Verdict::kProductionBetter);
  add(25, 35, Verdict::kProductionBetter, Verdict::kBothFine);
  add(35, 50, Verdict::kProductionBetter, Verdict::kProductionBetter);
  labels.push_back(said("alone", Verdict::kBothFine, "ann"));
  const auto found = agreements(labels);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].rows, 50u);
  EXPECT_EQ(found[0].equal, 35u);
  EXPECT_NEAR(found[0].kappa.value(), 0.4, 1e-12);
  // The large-sample interval is 0.15 to 0.65.
  EXPECT_NEAR(found[0].interval.low, 0.15, 0.04);
  EXPECT_NEAR(found[0].interval.high, 0.65, 0.04);
}

TEST(ReviewAgreement, OneKindOfVerdictHasNoKappa) {
  EXPECT_FALSE(agreements({said("r", Verdict::kBothFine, "ann"), said("r", Verdict::kBothFine, "bob")}).at(0).kappa);
}

TEST(ReviewJudge, IsMeasuredAgainstPeople) {
  const std::vector<Item> items{{.record_id = "r1", .judge = 0.9},
                                {.record_id = "r2", .judge = 0.2},
                                {.record_id = "r3", .judge = 0.1},
                                {.record_id = "r4"}};
  const auto check = check_judge(items, {said("r1", Verdict::kBothFine), said("r2", Verdict::kBothFine),
                                         said("r3", Verdict::kProductionBetter), said("r4", Verdict::kBothFine)})
                         .value();
  EXPECT_EQ(check.good, 2u);
  EXPECT_EQ(check.found_good, 1u);
  EXPECT_EQ(check.bad, 1u);
  EXPECT_EQ(check.found_bad, 1u);
  EXPECT_FALSE(check_judge({{.record_id = "r4"}}, {said("r4", Verdict::kBothFine)}));
}

TEST(ReviewQuality, RowsOfLiveTrafficAreCountedApart) {
  OneClass one;
  const std::vector<Label> evaluated{said("r1", Verdict::kBothFine), said("r2", Verdict::kProductionBetter)};
  const auto before = quality(one.subject, one.items, evaluated).value();
  EXPECT_FALSE(shadow_quality(one.items, evaluated));
  for (int i = 0; i < 5; ++i) {
    one.items.push_back({.record_id = "live" + std::to_string(i), .label = "a", .judge = 1, .source = Source::kShadow});
  }
  auto labels = evaluated;
  for (const char* row : {"live0", "live1", "live2"}) labels.push_back(said(row, Verdict::kProductionBetter));
  labels.push_back(said("live0", Verdict::kBothFine, "bob"));
  labels.push_back(said("live3", Verdict::kCannotTell));
  const auto after = quality(one.subject, one.items, labels).value();
  EXPECT_EQ(after.judged, 2u);
  EXPECT_EQ(after.as_good, before.as_good);
  EXPECT_EQ(after.interval.low, before.interval.low);
  EXPECT_FALSE(check_judge(one.items, labels));
  const auto live = shadow_quality(one.items, labels).value();
  EXPECT_EQ(live.rows, 5u);
  EXPECT_EQ(live.judged, 4u);
  EXPECT_EQ(live.told, 3u);
  EXPECT_NEAR(live.as_good, 0.5 / 3, 1e-12);
  EXPECT_LT(live.interval.low, live.as_good);
  EXPECT_GT(live.interval.high, live.as_good);
}

}  // namespace
}  // namespace fw::review

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "dataset/tests/traffic.h"

namespace fw::dataset {
namespace {

using namespace testing_traffic;
using testing::Contains;
using testing::HasSubstr;

std::string words(Random& random, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    for (int k = 0; k < 3; ++k) {
      text += "bcdfgklmnprstvz"[random.below(15)];
      text += "aeiou"[random.below(5)];
    }
    text += ' ';
  }
  return text;
}

class PlantedClusters : public testing::Test {
 protected:
  void add(const std::string& asked) { traffic_.add(ask(asked), reply(say("assistant", words(random_, 3)))); }
  /// As many requests that differ in one word of 60.
  void plant(int rows) {
    const std::string before = words(random_, 30), after = words(random_, 29);
    for (int i = 0; i < rows; ++i) add(before + words(random_, 1) + after);
  }
  BuiltDatasets built() {
    SplitSettings split = small_split(60);
    split.val_ratio = 0.3;
    auto built = build_of(traffic_.records(), split, 3);
    EXPECT_TRUE(built.ok()) << built.error();
    return std::move(*built);
  }

  Random random_{9};
  Traffic traffic_;
};

TEST_F(PlantedClusters, AreCountedWithTheirSizesAndShown) {
  for (int i = 0; i < 400; ++i) add(words(random_, 30));
  for (int i = 0; i < 40; ++i) plant(2);
  plant(12);
  const auto made = built();
  const NearDuplicateCounts& found = made.card.near_duplicates;
  // A planted pair whose one row is evaluated has lost the other: near-duplicates are kept apart.
  EXPECT_GT(found.clusters, 25U);
  EXPECT_LE(found.clusters, 41U);
  EXPECT_GE(found.rows, 2 * found.clusters);
  EXPECT_GT(found.training_and_validation, 3U);
  ASSERT_EQ(found.largest.size(), kShownClusters);
  EXPECT_GT(found.largest[0].rows(), found.largest[1].rows());
  EXPECT_LE(found.largest[0].rows(), 12U);
  EXPECT_EQ(found.largest[1].rows(), 2U);
  ASSERT_EQ(found.largest[1].examples.size(), 2U);
  EXPECT_EQ(found.largest[1].examples[0].text.substr(0, 100), found.largest[1].examples[1].text.substr(0, 100));
  EXPECT_NE(found.largest[1].examples[0].record_id, found.largest[1].examples[1].record_id);
  EXPECT_THAT(made.card.notes, Contains(HasSubstr(" of near-duplicates, the largest of ")));
}

TEST_F(PlantedClusters, AreNotInventedOutOfAFrameOrANumber) {
  const std::string form = words(random_, 60);
  for (int i = 0; i < 300; ++i) add(form + words(random_, 6));
  const std::string order = words(random_, 30);
  for (int i = 0; i < 10; ++i) add(order + "number " + std::to_string(1000 + i));
  EXPECT_EQ(built().card.near_duplicates.clusters, 0U);
}

TEST(RareClasses, WithoutAnEvaluationRowAreNamed) {
  Traffic traffic;
  traffic.ask_often(400, "get_order").ask_often(4, "cancel", "stop the delivery of ");
  const auto built = build_of(traffic.records(), small_split(8)).value();
  ASSERT_EQ(built.card.classes.front().label, "cancel");
  ASSERT_EQ(built.card.classes.front().eval, 0U);
  EXPECT_THAT(built.card.notes, Contains(HasSubstr("1 class has no evaluation row, and how a model does on it is not "
                                                   "measured: \"cancel\" (")));
}

}  // namespace
}  // namespace fw::dataset

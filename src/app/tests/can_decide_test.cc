#include "app/config/can_decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fw::app {
namespace {

using ::testing::HasSubstr;

runs::RunConfig one_candidate(std::uint64_t eval_size, double margin) {
  runs::RunConfig run;
  run.candidates.emplace_back();
  run.candidates[0].customization_enabled = true;
  run.split.eval_size = eval_size;
  run.promising.margin = margin;
  return run;
}

TEST(CanDecide, SaysFromWhichRowsOnAPerfectModelGetsAYes) {
  EXPECT_EQ(cannot_decide(one_candidate(300, 0.05)), std::nullopt);
  const auto said = cannot_decide(one_candidate(20, 0.05));
  ASSERT_TRUE(said.has_value());
  EXPECT_THAT(*said, HasSubstr("eval_size 20 is too small for promising.margin 5 %"));
  EXPECT_THAT(*said, HasSubstr("even a model that is right on every row"));
  EXPECT_THAT(*cannot_decide(one_candidate(300, 0)), HasSubstr("promising.margin is 0"));
}

TEST(CanDecide, CountsOnlyEvaluationsThatCanSayYes) {
  runs::RunConfig run = one_candidate(100, 0.05);
  ASSERT_TRUE(cannot_decide(run).has_value());
  EXPECT_THAT(*cannot_decide(run), HasSubstr("and 3 evaluations"));
  run.evaluation.untuned_rows = 60;
  EXPECT_EQ(cannot_decide(run), std::nullopt);
  run.evaluation.untuned_rows = 100;
  EXPECT_TRUE(cannot_decide(run).has_value()) << "all rows after all";
}

TEST(CanDecide, CountsRowsOfTheNewestPartByTheirShareOfTheTraffic) {
  runs::RunConfig run = one_candidate(160, 0.05);
  ASSERT_EQ(cannot_decide(run), std::nullopt);
  run.split.newest_holdout = 0.1;
  run.split.newest_eval_share = 0.1;
  EXPECT_EQ(cannot_decide(run), std::nullopt) << "drawn as the traffic has them";
  run.split.newest_eval_share = 0.5;
  const auto said = cannot_decide(run);
  ASSERT_TRUE(said.has_value());
  EXPECT_THAT(*said, HasSubstr("weighed by their share of the traffic"));
  // 110 rows could say yes where the newest part has few of them.
  run.split.eval_size = 110;
  run.evaluation.variants = {modelops::Variant{}};
  EXPECT_THAT(*cannot_decide(run), HasSubstr("where the newest part has its share"));
}

}  // namespace
}  // namespace fw::app

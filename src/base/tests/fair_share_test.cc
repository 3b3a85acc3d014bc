#include "base/fair_share.h"

#include <gtest/gtest.h>

namespace fw {
namespace {

int take_all(FairShare& share, const std::string& tenant) {
  int taken = 0;
  while (share.enter(tenant)) ++taken;
  return taken;
}

TEST(FairShare, OneAloneLeavesAQuarterForWhoComesNext) {
  FairShare share(100);
  EXPECT_EQ(take_all(share, "greedy"), 75);
  EXPECT_EQ(take_all(share, "late"), 25);
  EXPECT_EQ(share.held(), 100U);
}

TEST(FairShare, WhoHoldsLessThanAnEqualShareComesIn) {
  FairShare share(100);
  EXPECT_EQ(take_all(share, "a"), 75);
  ASSERT_TRUE(share.enter("b"));
  ASSERT_TRUE(share.enter("c"));
  EXPECT_FALSE(share.enter("a")) << "holds more than its share";
  for (int i = 0; i < 75; ++i) share.leave("a");
  EXPECT_TRUE(share.enter("a"));
}

TEST(FairShare, WhatIsLeftIsThereAgain) {
  FairShare share(1);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(share.enter("a"));
    EXPECT_FALSE(share.enter("b"));
    share.leave("a");
  }
  EXPECT_EQ(share.held(), 0U);
}

TEST(FairShare, WhatIsAskedForMayBeMoreThanOne) {
  FairShare share(100);
  EXPECT_TRUE(share.enter("greedy", 70));
  EXPECT_FALSE(share.enter("greedy", 6)) << "reaches into the last quarter";
  EXPECT_TRUE(share.enter("greedy", 5));
  EXPECT_FALSE(share.enter("late", 26)) << "there is not so much";
  EXPECT_TRUE(share.enter("late", 25));
  EXPECT_TRUE(share.is_beyond_share("greedy"));
  EXPECT_FALSE(share.is_beyond_share("late"));
  share.leave("greedy", 75);
  share.leave("late", 25);
  EXPECT_EQ(share.held(), 0U);
}

TEST(FairShare, WhoHoldsNothingComesInHoweverManyShareTheRoom) {
  FairShare share(10);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(share.enter(std::to_string(i)));
  EXPECT_FALSE(share.enter("one too many"));
}

}  // namespace
}  // namespace fw

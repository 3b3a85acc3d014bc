#include "auth/fair_share.h"

#include <gtest/gtest.h>

namespace fw::auth {
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

}  // namespace
}  // namespace fw::auth

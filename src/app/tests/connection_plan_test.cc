#include "app/connection_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fw::app {
namespace {

using testing::ElementsAre;

const std::vector<ConnectionWish> kDefaults{
    {"control api", 512}, {"gateway", 16'384, 2}, {"elasticsearch", 1024}, {"otlp", 1024}};

TEST(ConnectionPlan, WhereThereAreFilesEverybodyHasWhatItWants) {
  EXPECT_THAT(connections_within(65'536, kDefaults), ElementsAre(512, 16'384, 1024, 1024));
}

TEST(ConnectionPlan, TheLargestWishGivesWayFirst) {
  EXPECT_THAT(connections_within(20'000, kDefaults), ElementsAre(512, 8'208, 1024, 1024));
}

TEST(ConnectionPlan, ALowLimitIsSharedEquallyAndTheStoresHaveMostOfIt) {
  EXPECT_THAT(connections_within(1024, kDefaults), ElementsAre(64, 32, 64, 64));
  EXPECT_THAT(connections_within(8, kDefaults), ElementsAre(1, 1, 1, 1));
}

TEST(ConnectionPlan, AllTogetherNeverTakeTheStoresFiles) {
  for (std::uint64_t files = 64; files < 70'000; files += 61) {
    const auto taken = connections_within(files, kDefaults);
    const std::uint64_t used = taken[0] + 2 * taken[1] + taken[2] + taken[3];
    EXPECT_LE(used + std::min<std::uint64_t>(1024, files / 4 * 3), files) << files;
  }
}

}  // namespace
}  // namespace fw::app

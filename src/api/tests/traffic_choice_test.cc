#include "api/traffic_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fw::api {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::vector<Traffic> kThree{{"router", "shop"}, {"router", "bank"}, {"writer", "shop"}};

std::string message(const std::vector<Traffic>& known, const char* workload, const char* client) {
  const auto chosen = choose_traffic(known, workload, client);
  return chosen.ok() ? chosen->workload + " of " + chosen->client : chosen.error().message;
}

TEST(ChooseTraffic, TakesTheOnlyOneThatFits) {
  EXPECT_EQ(message({{"router", "shop"}}, "", ""), "router of shop");
  EXPECT_EQ(message(kThree, "writer", ""), "writer of shop");
  EXPECT_EQ(message(kThree, "router", "bank"), "router of bank");
}

TEST(ChooseTraffic, AsksForOneThingAtATime) {
  EXPECT_THAT(message(kThree, "", ""),
              AllOf(HasSubstr("which workload? there are: router, writer"), Not(HasSubstr("client"))));
  EXPECT_THAT(message(kThree, "router", ""), AllOf(HasSubstr("whose traffic?"), HasSubstr("bank, shop")));
}

TEST(ChooseTraffic, SaysWhatThereIsInsteadOfAnUnknownName) {
  EXPECT_THAT(message(kThree, "ruoter", "shop"), HasSubstr("there is of: router, writer; did you mean router?"));
  EXPECT_THAT(message(kThree, "router", "shpo"), HasSubstr("it has traffic of: bank, shop; did you mean shop?"));
  EXPECT_THAT(message({}, "router", "shop"), HasSubstr("flywheel load"));
}

}  // namespace
}  // namespace fw::api

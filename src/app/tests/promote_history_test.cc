#include "app/cli/promote_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/cli/terminal.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;

std::string shown(const Json& during) {
  const Json proposal{{"id", "p-1"},           {"workload_id", "router"}, {"client_id", "shop"},
                      {"model_name", "small"}, {"variant", "base-eval"},  {"during", during}};
  std::string text;
  Terminal out(text, 0);
  print_answerer(proposal, out);
  return text;
}

const Json kCanary{{"stage", "canary"},
                   {"share", 0.05},
                   {"from", "2026-11-24T10:00:00.000000"},
                   {"until", "2026-11-24T10:40:00.000000"},
                   {"action", "promotion.start_canary"},
                   {"person", "ada"},
                   {"reason", ""},
                   {"figures", nullptr}};
const Json kBack{{"stage", "rolled_back"},
                 {"share", 0},
                 {"from", "2026-11-24T10:40:00.000000"},
                 {"until", nullptr},
                 {"action", "promotion.roll_back"},
                 {"person", "flywheel"},
                 {"reason", "the error rate is 40 %, above 5 %"},
                 {"figures", {{"requests", 25}, {"errors", 10}}}};

TEST(PromoteHistory, SaysWhyACanaryEndedAndWithWhichFigures) {
  const std::string text = shown({kCanary, kBack});
  EXPECT_THAT(text,
              HasSubstr("2026-11-24T10:40:00Z: taken off, roll_back by flywheel: the error rate is 40 %, above 5 %\n"
                        "    after 25 requests, 10 errors"));
}

TEST(PromoteHistory, WhatIsStillOnTrafficHasNoEnd) {
  EXPECT_THAT(shown({kCanary}), testing::Not(HasSubstr("taken off")));
  EXPECT_THAT(shown({kBack}), testing::Not(HasSubstr("taken off"))) << "it was not on traffic in that time";
}

}  // namespace
}  // namespace fw::app

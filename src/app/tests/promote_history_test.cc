#include "app/cli/promote_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/cli/terminal.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;

Json proposal_of(const char* id, const Json& during) {
  return {{"id", id},
          {"workload_id", "router"},
          {"client_id", "shop"},
          {"model_name", "small"},
          {"variant", "base-eval"},
          {"during", during}};
}

std::string shown_all(const Json& proposals, const HistoryOptions& options = {}, const Json& routes = Json::array()) {
  const Json answer{{"from", "2026-11-24T00:00:00.000000"},
                    {"to", "2026-11-24T23:59:59.999999"},
                    {"promotions", proposals},
                    {"routes", routes}};
  std::string text;
  Terminal out(text, 0);
  print_answerers(options, answer, out);
  return text;
}

std::string shown(const Json& during) { return shown_all(Json::array({proposal_of("p-1", during)})); }

Json span(const char* stage, double share, const char* from, const Json& until = nullptr) {
  return {{"stage", stage},          {"share", share},  {"from", from}, {"until", until},
          {"action", "promotion.x"}, {"person", "ada"}, {"reason", ""}, {"figures", nullptr}};
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
  EXPECT_THAT(shown(Json::array({kBack})), testing::Not(HasSubstr("taken off")))
      << "it was not on traffic in that time";
}

TEST(PromoteHistory, OfOneProposalThatWasNotThereNothingIsSaidOfOthers) {
  const Json live = Json::array({span("live", 1, "2026-11-20T10:00:00.000000")});
  const Json all = Json::array({proposal_of("p-1", live), proposal_of("p-2", Json::array({kBack}))});
  const std::string text = shown_all(all, {.proposal = "p-2"});
  EXPECT_THAT(text, HasSubstr("proposal p-2 was not on traffic; others may have been"));
  EXPECT_THAT(text, testing::Not(HasSubstr("production alone")));
  EXPECT_THAT(shown_all(Json::array(), {.workload = "router"}), HasSubstr("production alone answered workload router"));
}

TEST(PromoteHistory, ALiveModelAnswersWhatTheCanaryBesideItDoesNot) {
  const Json live = Json::array({span("live", 1, "2026-11-20T10:00:00.000000")});
  const Json canary = Json::array({span("canary", 0.4, "2026-11-23T10:00:00.000000")});
  const Json both = Json::array({proposal_of("p-1", live), proposal_of("p-2", canary)});
  EXPECT_THAT(shown_all(both), HasSubstr("live, answered 60 %, beside the canary p-2"));
  EXPECT_THAT(shown_all(both, {.proposal = "p-1"}), HasSubstr("live, answered 60 %"));
  const Json steps = Json::array({span("canary", 0.1, "2026-11-23T10:00:00.000000", "2026-11-24T10:00:00.000000"),
                                  span("canary", 0.25, "2026-11-24T10:00:00.000000", "2026-11-24T12:00:00.000000")});
  EXPECT_THAT(shown_all(Json::array({proposal_of("p-1", live), proposal_of("p-2", steps)})),
              HasSubstr("live, answered what the canary p-2 did not, 75 % at the least"));
  const Json before = Json::array({span("canary", 0.1, "2026-11-24T01:00:00.000000", "2026-11-24T02:00:00.000000")});
  const Json after = Json::array({span("live", 1, "2026-11-24T02:00:00.000000")});
  EXPECT_THAT(shown_all(Json::array({proposal_of("p-1", after), proposal_of("p-2", before)})),
              HasSubstr("live, answered 100 %"));
}

TEST(PromoteHistory, RoutesThatHeldThenAreNamed) {
  const Json put{{"at", "2026-11-24T09:00:00.000000"},
                 {"person", "eve"},
                 {"reason", "PUT /api/routes"},
                 {"routes", 2},
                 {"digest", "ab"}};
  const std::string text = shown_all(Json::array(), {}, Json::array({put}));
  EXPECT_THAT(text, HasSubstr("may have led requests to other models"));
  EXPECT_THAT(text, HasSubstr("2026-11-24T09:00:00Z: 2 routes, by eve, PUT /api/routes (ab)"));
  EXPECT_THAT(shown_all(Json::array()), testing::Not(HasSubstr("routes")));
}

}  // namespace
}  // namespace fw::app

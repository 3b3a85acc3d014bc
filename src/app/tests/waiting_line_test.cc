#include "app/cli/waiting_line.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

TEST(WaitingLine, SaysHowManyRecordsWaitSinceWhenAndWhy) {
  EXPECT_EQ(
      waiting_line(Json::parse(R"({"waiting": {"records": 12, "oldest_seconds": 40.7, "reason": "no node answers"}})")),
      "12 records are acknowledged and not yet in the log store: searches, figures and runs do not see them yet "
      "(the first has waited 40 s; no node answers)");
  EXPECT_EQ(waiting_line(Json::parse(R"({"waiting": {"records": 1, "oldest_seconds": null, "reason": null}})")),
            "1 record is acknowledged and not yet in the log store: searches, figures and runs do not see it yet "
            "(on the way)");
}

TEST(WaitingLine, IsEmptyWhereNoneWaitsAndForAnswersOfAnyForm) {
  for (const char* answer :
       {"{}", R"({"waiting": null})", R"({"waiting": {"records": 0}})", R"({"waiting": [3]})", "[]"}) {
    EXPECT_EQ(waiting_line(Json::parse(answer)), "") << answer;
  }
}

}  // namespace
}  // namespace fw::app

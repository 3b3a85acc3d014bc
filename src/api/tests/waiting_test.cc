#include "api/waiting.h"

#include "api/tests/api_fixture.h"

namespace fw::api {
namespace {

class Waiting : public ApiTest {
 protected:
  Json waiting() {
    Json body = Json::object();
    add_waiting(body, *behind_, from_epoch_seconds(100));
    return body.value("waiting", Json());
  }
};

TEST_F(Waiting, IsNotSaidWhereNoRecordWaits) {
  EXPECT_TRUE(waiting().is_null());
  behind_->waiting.trouble = unavailable("no node answers");
  EXPECT_TRUE(waiting().is_null());
}

TEST_F(Waiting, SaysHowManyRecordsSinceWhenAndWhy) {
  behind_->waiting.records = 12;
  behind_->waiting.oldest = from_epoch_seconds(60);
  EXPECT_EQ(waiting(), Json::parse(R"({"records": 12, "oldest_seconds": 40.0, "reason": null})"));
  behind_->waiting.oldest.reset();
  behind_->waiting.trouble = unavailable("no node answers");
  EXPECT_EQ(waiting(), Json::parse(R"({"records": 12, "oldest_seconds": null, "reason": "no node answers"})"));
}

TEST_F(Waiting, StandsInEveryAnswerWithFiguresOfTheTraffic) {
  const std::vector<std::string> paths{"/readyz", "/api/workloads", "/api/statistics", "/api/log/stats"};
  for (const auto& path : paths) {
    EXPECT_FALSE(json_of(send(net::Method::kGet, path)).contains("waiting")) << path;
  }
  behind_->waiting.records = 12;
  behind_->waiting.trouble = storage_full("the index is read-only");
  for (const auto& path : paths) {
    const auto answer = send(net::Method::kGet, path);
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(json_of(answer)["waiting"]["records"], 12) << path;
    EXPECT_EQ(json_of(answer)["waiting"]["reason"], "the index is read-only") << path;
  }
  const auto loaded = send(net::Method::kPost, "/api/records",
                           R"({"timestamp":5,"workload_id":"w","client_id":"c","request":{},"response":{}})");
  EXPECT_EQ(json_of(loaded)["appended"], 1) << loaded.body;
  EXPECT_EQ(json_of(loaded)["waiting"]["records"], 12);
}

TEST_F(Waiting, DocumentsThatAreNoRecordsAreCountedInTheStatisticsOfTheLog) {
  EXPECT_FALSE(json_of(send(net::Method::kGet, "/api/log/stats")).contains("left_out"));
  behind_->no_records = {{"timestamp cannot be read", 3}};
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/log/stats"))["left_out"]["timestamp cannot be read"], 3);
}

}  // namespace
}  // namespace fw::api

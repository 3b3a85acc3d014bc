#include "capture/log_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/tests/read_records.h"

namespace fw::capture {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

record::Interaction full() {
  return {.id = record::RecordId("0f3a"),
          .workload = record::WorkloadId("caf\xc3\xa9 \"router\""),
          .client = record::ClientId("demo"),
          .timestamp = from_epoch_seconds(1'732'460'000) + 123'456'789ns,
          .request = R"({"messages": [ {"role":"user","content":"hi"}], "n": 1.0})",
          .response = R"({"choices":[ ]})",
          .provenance = {.origin = record::Origin::kGateway,
                         .ending = record::Ending::kClientGone,
                         .http_status = 200,
                         .first_token = 1'500us,
                         .total = 2'000'000us,
                         .model_asked = "big",
                         .model_answered = "big-2026",
                         .route = "chat",
                         .variant = "production",
                         .conversation = "c 1",
                         .key = "k-7",
                         .tags = {{"team", "a=b"}, {"canary", ""}, {"team", "c"}}}};
}

TEST(LogDocument, ReadsBackAsTheSameRecord) {
  record::Interaction plain = full();
  plain.timestamp = from_epoch_seconds(0);
  plain.provenance = {};
  record::Interaction other = full();  // as a call of another API would look, and roles that some logs have
  other.request = R"({"body": {"contents": [ ]}, "messages":[{"role":"human","content":"hi"}]})";
  other.response = R"({"candidates":[ ]})";
  for (const auto& record : {full(), plain, other}) {
    const auto read = read_records(to_log_document(record));
    EXPECT_THAT(read.reasons, ElementsAre());
    EXPECT_THAT(read.records, ElementsAre(record));
  }
}

TEST(LogDocument, WhatIsKnownBesideTheBytesIsUnderFlywheel) {
  EXPECT_EQ(to_log_document(full()),
            "{\"timestamp\":1732460000.123456789,\"workload_id\":\"caf\xc3\xa9 \\\"router\\\"\",\"client_id\":\"demo\","
            R"("flywheel":{"id":"0f3a","origin":"gateway","ending":"client_gone","http_status":200,)"
            R"("first_token_us":1500,"total_us":2000000,"model_asked":"big","model_answered":"big-2026",)"
            R"("route":"chat","variant":"production","conversation":"c 1","key":"k-7",)"
            R"("tags":["team=a=b","canary","team=c"]},)"
            R"("request":{"messages": [ {"role":"user","content":"hi"}], "n": 1.0},"response":{"choices":[ ]}})");
}

TEST(LogDocument, WithoutContentsHasAllButThese) {
  record::Interaction record = full();
  record.provenance = {};
  EXPECT_EQ(to_log_document(record, Contents::kNone),
            "{\"timestamp\":1732460000.123456789,\"workload_id\":\"caf\xc3\xa9 \\\"router\\\"\",\"client_id\":\"demo\","
            R"("flywheel":{"id":"0f3a","origin":"file","ending":"finished"}})");
}

constexpr std::string_view kHead = R"({"timestamp": 1, "workload_id": "w", "client_id": "c", "request": {}, )"
                                   R"("response": {}, "flywheel": )";

Outcome read_with(const std::string& flywheel, const ReadOptions& options = {}) {
  return read_records(std::string(kHead) + flywheel + "}", options);
}

TEST(LogDocument, OneThatSaysNothingHasTheWayByWhichItCame) {
  EXPECT_EQ(read_with("null").records.at(0).provenance, record::Provenance{});
  const ReadOptions bulk{.origin = record::Origin::kBulk};
  EXPECT_EQ(read_with("null", bulk).records.at(0).provenance.origin, record::Origin::kBulk);
  EXPECT_EQ(read_with(R"({"ending": "refused"})", bulk).records.at(0).provenance.origin, record::Origin::kBulk);
  EXPECT_EQ(read_with(R"({"origin": "otlp", "newer": [1]})", bulk).records.at(0).provenance.origin,
            record::Origin::kOtlp);
}

TEST(LogDocument, WhatIsWrongUnderFlywheelIsNamed) {
  const auto reason = [](const std::string& flywheel) { return read_with(flywheel).reasons.at(0); };
  EXPECT_EQ(reason("7"), "flywheel is not an object");
  EXPECT_EQ(reason(R"({"origin": "moon"})"), "flywheel.origin is not file, upload, gateway, bulk or otlp");
  EXPECT_EQ(reason(R"({"ending": 1})"),
            "flywheel.ending is not finished, client_gone, upstream_died, refused or arguments_incomplete");
  EXPECT_EQ(reason(R"({"http_status": 70000})"), "flywheel.http_status is not a status");
  EXPECT_EQ(reason(R"({"total_us": -1})"), "flywheel.total_us is not a whole number of microseconds");
  EXPECT_EQ(reason(R"({"total_us": 1e3})"), "flywheel.total_us is not a whole number of microseconds");
  EXPECT_EQ(reason(R"({"route": {}})"), "flywheel.route is not a string");
  EXPECT_EQ(reason(R"({"tags": ["a", 1]})"), "flywheel.tags is not a list of strings");
  EXPECT_EQ(reason(R"({"id": "\n"})"),
            "flywheel.id is not a string of 1 to 128 bytes of UTF-8 without control characters");
}

TEST(LogDocument, ARecordThatMovesToAnotherWorkloadIsAnotherRecord) {
  const auto moved = read_with(R"({"id": "a"})", {.workload = record::WorkloadId("elsewhere")});
  EXPECT_NE(*moved.records.at(0).id, "a");
  EXPECT_EQ(*read_with(R"({"id": "a"})").records.at(0).id, "a");
}

}  // namespace
}  // namespace fw::capture

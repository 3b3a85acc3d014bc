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

TEST(LogDocument, ALineIsOneLineWhateverTheBytesAre) {
  codec::JsonSlicer slicer;
  record::Interaction pretty = full();
  pretty.request = "{\n  \"messages\": [ ],\r\n  \"n\": 1.50\n}";
  pretty.response = "{\"choices\":[\n]}";
  for (const auto& record : {full(), pretty}) {
    const std::string line = to_log_line(record, slicer);
    EXPECT_EQ(line.find_first_of("\n\r"), std::string::npos);
    const auto read = read_records(line);
    EXPECT_THAT(read.reasons, ElementsAre());
    EXPECT_THAT(read.records, ElementsAre(record));
  }
  EXPECT_EQ(to_log_line(full(), slicer), to_log_document(full()));
  record::Interaction odd = full();
  odd.response = "<html>\xff";
  const std::string line = to_log_line(odd, slicer);
  const auto members = slicer.members(line);
  ASSERT_TRUE(members.ok()) << members.error();
  EXPECT_EQ(members->back().raw, "\"<html>\xef\xbf\xbd\"");
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
  EXPECT_EQ(reason(R"({"content_expired": "now"})"), "flywheel.content_expired is not a time in whole seconds");
  EXPECT_EQ(reason(R"({"route": {}})"), "flywheel.route is not a string");
  EXPECT_EQ(reason(R"({"tags": ["a", 1]})"), "flywheel.tags is not a list of strings");
  EXPECT_EQ(reason(R"({"id": "\n"})"),
            "flywheel.id is not a string of 1 to 128 bytes of UTF-8 without control characters");
}

record::Interaction expired() {
  record::Interaction record = full();
  record.request.clear();
  record.response.clear();
  record::Outline outline;
  outline.expired = from_epoch_seconds(1'790'000'000);
  outline.request_bytes = 59;
  outline.response_bytes = 15;
  outline.messages = 1;
  outline.label = "get";
  outline.called = {"get", "put"};
  outline.finish_reason = "tool_calls";
  outline.is_error = true;
  outline.prompt_tokens = 12;
  outline.completion_tokens = 0;
  record.outline = outline;
  return record;
}

TEST(LogDocument, OneWhoseContentHasExpiredSaysSoAndIsNotLoadedAgain) {
  record::Interaction record = expired();
  record.provenance = {};
  const std::string head =
      "{\"timestamp\":1732460000.123456789,\"workload_id\":\"caf\xc3\xa9 \\\"router\\\"\",\"client_id\":\"demo\","
      R"("flywheel":{"id":"0f3a","origin":"file","ending":"finished","content_expired":1790000000,"outline":{)"
      R"("request_bytes":59,"response_bytes":15,"messages":1,"tools_offered":0,"prompt_tokens":12,)"
      R"("completion_tokens":0,"class":"get","called":["get","put"],"finish_reason":"tool_calls","is_error":true}})";
  EXPECT_EQ(to_log_document(record), head + R"(,"request":null,"response":null})");
  EXPECT_EQ(to_log_document(record, Contents::kNone), head + "}");
  const std::string reason = "its content has expired where it was stored: figures alone are left";
  EXPECT_THAT(read_records(to_log_document(record)).reasons, ElementsAre(reason));
  EXPECT_THAT(read_records(to_log_document(record, Contents::kNone)).reasons, ElementsAre(reason));
  const std::string of_an_index = StoredDocuments().write(record, StoredDocuments::Unit::kSeconds, false);
  EXPECT_THAT(read_records(of_an_index).reasons, ElementsAre(reason));
}

TEST(StoredDocuments, GiveAnOutlineBackAsItWas) {
  const StoredDocuments documents;
  for (const auto unit : {StoredDocuments::Unit::kSeconds, StoredDocuments::Unit::kMilliseconds}) {
    const auto read = documents.read("0f3a", documents.write(expired(), unit, false));
    ASSERT_TRUE(read.ok()) << read.error();
    EXPECT_EQ(*read, expired());
    EXPECT_EQ(*documents.read("0f3a", documents.write(full(), unit, false)), full());
  }
  EXPECT_EQ(documents.write(expired(), StoredDocuments::Unit::kSeconds, true),
            documents.write(expired(), StoredDocuments::Unit::kSeconds, false));
}

TEST(StoredDocuments, ATimeThatTheStoreAloneCanReadTakesNothingFromTheRecord) {
  for (const char* time : {R"("24/11/2024 14:53:20")", "{}", "[1732460000]", "true"}) {
    const auto read = StoredDocuments().read(
        "a", std::string(R"({"timestamp":)") + time +
                 R"(,"workload_id":"w","client_id":"c","request":{"messages":[ ]},"response":{}})");
    ASSERT_TRUE(read.ok()) << time << ": " << read.error();
    EXPECT_EQ(read->request, R"({"messages":[ ]})") << time;
  }
}

TEST(StoredDocuments, AnOutlineWithOddFiguresIsReadWithoutThese) {
  const auto read = StoredDocuments().read(
      "a",
      R"({"timestamp":1,"workload_id":"w","client_id":"c","request":{},"response":{},"flywheel":{"content_expired":5,)"
      R"("outline":{"messages":-1,"called":["a",7],"prompt_tokens":"x","class":[],"newer":1}}})");
  ASSERT_TRUE(read.ok()) << read.error();
  record::Outline outline;
  outline.expired = from_epoch_seconds(5);
  outline.called = {"a"};
  EXPECT_EQ(read->outline, outline);
  EXPECT_EQ(read->request, "");
}

TEST(LogDocument, ARecordThatMovesToAnotherWorkloadIsAnotherRecord) {
  const auto moved = read_with(R"({"id": "a"})", {.workload = record::WorkloadId("elsewhere")});
  EXPECT_NE(*moved.records.at(0).id, "a");
  EXPECT_EQ(*read_with(R"({"id": "a"})").records.at(0).id, "a");
}

}  // namespace
}  // namespace fw::capture

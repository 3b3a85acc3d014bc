#include "capture/record_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "capture/tests/read_records.h"

#include "record/record_id.h"

namespace fw::capture {
namespace {

constexpr std::string_view kDocument =
    R"({"timestamp":1700000000,"workload_id":"router","client_id":"demo","request":{"model" : "m", "messages":[ ]},"response":{"id":"x","choices":[ ]}, "extra":1})";

using testing::ElementsAre;
using testing::HasSubstr;

const ReadOptions kNamed{.workload = record::WorkloadId("w"), .client = record::ClientId("c")};

record::Interaction one(std::string_view text, const ReadOptions& options = {}) {
  const Outcome outcome = read_records(text, options);
  EXPECT_THAT(outcome.reasons, ElementsAre());
  return outcome.records.size() == 1 ? outcome.records.front() : record::Interaction{};
}

std::string reason(std::string_view text, const ReadOptions& options = {}) {
  const Outcome outcome = read_records(text, options);
  return outcome.reasons.empty() ? "" : outcome.reasons.front();
}

std::string with(std::string_view from, std::string_view to) {
  std::string line(kDocument);
  return line.replace(line.find(from), from.size(), to);
}

TEST(RecordReader, ALogDocumentKeepsRequestAndResponseByteForByte) {
  const auto record = one(kDocument);
  EXPECT_EQ(record.request, R"({"model" : "m", "messages":[ ]})");
  EXPECT_EQ(record.response, R"({"id":"x","choices":[ ]})");
  EXPECT_EQ(*record.workload, "router");
  EXPECT_EQ(*record.client, "demo");
  EXPECT_EQ(record.timestamp, from_epoch_seconds(1'700'000'000));
  EXPECT_EQ(record.id, record::content_id(record.workload, record.client, kDocument, 0));
}

TEST(RecordReader, EqualDocumentsAreSeparateRecords) {
  const auto records = read_records(std::string(kDocument) + "\n" + std::string(kDocument)).records;
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].id, record::content_id(records[0].workload, records[0].client, kDocument, 1));
}

TEST(RecordReader, IdsFromOutsideReplaceOrSupplyTheDocumentsOwn) {
  EXPECT_EQ(*one(kDocument, kNamed).workload, "w");
  EXPECT_EQ(*one(with(R"("workload_id":"router",)", ""), kNamed).client, "c");
  EXPECT_EQ(*one(with(R"("workload_id":"router")", R"("workload_id":[])"), kNamed).workload, "w");
  const ReadOptions defaults{.default_workload = record::WorkloadId("d"), .default_client = record::ClientId("e")};
  EXPECT_EQ(*one(kDocument, defaults).workload, "router");
  EXPECT_EQ(*one(with(R"("workload_id":"router",)", ""), defaults).workload, "d");
}

TEST(RecordReader, ALogDocumentWithoutATimeHasThatOfItsEnvelopeOrOfTheLoading) {
  constexpr const char* kNoTime = "no time of its own; it got the time of loading";
  const ReadOptions options{.loaded_at = from_epoch_seconds(1'800'000'000)};
  const std::string bare = with(R"("timestamp":1700000000,)", "");
  for (const std::string& text : {bare, with("1700000000", "null"), R"({"log":)" + bare + "}"}) {
    const Outcome outcome = read_records(text, options);
    ASSERT_EQ(outcome.records.size(), 1U) << text;
    EXPECT_EQ(outcome.records[0].timestamp, from_epoch_seconds(1'800'000'000) + std::chrono::nanoseconds(1));
    EXPECT_EQ(outcome.repairs, std::vector<std::string>{kNoTime});
  }
  const Timestamp time = from_epoch_seconds(1'700'000'000);
  for (const char* key : {"@timestamp", "timestamp", "time", "ts", "_time"}) {
    const Outcome outcome =
        read_records(std::string("{\"") + key + R"(":"2023-11-14T22:13:20Z","log":)" + bare + "}", options);
    ASSERT_EQ(outcome.records.size(), 1U) << key;
    EXPECT_EQ(outcome.records[0].timestamp, time) << key;
    EXPECT_TRUE(outcome.repairs.empty());
  }
  EXPECT_EQ(one(with("timestamp", "ts"), options).timestamp, time);
  EXPECT_EQ(one(R"({"logEvents":[{"timestamp":1700000000000,"message":)" + bare + "}]}", options).timestamp, time);
  EXPECT_EQ(one(R"({"time":1,"message":{"ts":1700000000,"log":)" + bare + "}}", options).timestamp, time);
}

TEST(RecordReader, SaysWhatIsMissingOrWrong) {
  constexpr const char* kTime = "timestamp is not epoch seconds or ISO-8601 between 1970 and 2262";
  constexpr const char* kId = " is not a string of 1 to 256 bytes of UTF-8 without control characters";
  EXPECT_EQ(reason(with("1700000000", "\"soon\"")), kTime);
  EXPECT_EQ(reason(with("1700000000", "{}")), kTime);
  EXPECT_EQ(reason(with(R"("client_id":"demo",)", "")), "client_id is missing");
  EXPECT_EQ(reason(with("\"router\"", "\"\"")), std::string("workload_id") + kId);
  EXPECT_EQ(reason(with("\"router\"", "\"a\\u0000b\"")), std::string("workload_id") + kId);
  EXPECT_EQ(reason(with("\"demo\"", '"' + std::string(257, 'x') + '"')), std::string("client_id") + kId);
  EXPECT_EQ(reason(with(R"({"model" : "m", "messages":[ ]})", "\"text\"")), "request is not an object");
  EXPECT_EQ(reason(with(R"("response":{"id":"x","choices":[ ]})", R"("response":null)")), "response is missing");
  EXPECT_EQ(reason(R"({"timestamp":1,"timestamp":2})"), "a JSON object with a key twice");
  EXPECT_EQ(reason(R"({"timestamp":1})"), "request is missing");
  EXPECT_EQ(reason("{}"), "an empty object");
  EXPECT_EQ(reason(R"({"a":1})"), "not a known form of traffic (docs/traffic.md lists them)");
  EXPECT_EQ(reason("not json"), "not valid JSON");
  EXPECT_EQ(reason("17"), "not a JSON object");
  EXPECT_THAT(reason(R"(2024-11-24T00:00:00Z app[1]: {"a":1})"), HasSubstr("text before the JSON object"));
  EXPECT_THAT(reason(R"("{\"a\":1}")"), HasSubstr("jq -c fromjson"));
  EXPECT_THAT(reason(R"({"a":NaN})"), HasSubstr("NaN or Infinity"));
  EXPECT_THAT(reason(R"({"a": [-Infinity]})"), HasSubstr("NaN or Infinity"));
  EXPECT_EQ(reason(R"({"a":"NaN" "b"})"), "not valid JSON");
}

TEST(RecordReader, AcceptsIdsAndTimesWrittenTheOtherWay) {
  const Timestamp time = from_epoch_seconds(1'700'000'000);
  EXPECT_EQ(*one(with("\"demo\"", "42")).client, "42");
  EXPECT_EQ(*one(with("router", "caf\\u00e9")).workload, "caf\xc3\xa9");
  EXPECT_EQ(one(with("1700000000", "\"2023-11-14T22:13:20Z\"")).timestamp, time);
  EXPECT_EQ(one(with("1700000000", "\"1700000000\"")).timestamp, time);
  EXPECT_EQ(one(with("timestamp", "@timestamp")).timestamp, time);
  EXPECT_EQ(one(with("1700000000", R"({"$date":"2023-11-14T22:13:20Z"})")).timestamp, time);
  EXPECT_EQ(one(with("1700000000", R"({"$date":{"$numberLong":"1700000000000"}})")).timestamp, time);
}

TEST(RecordReader, HalvesMayBeJsonWrittenAsText) {
  const auto record = one(with(R"({"id":"x","choices":[ ]})", R"("{\"id\":\"x\"}")"));
  EXPECT_EQ(record.response, R"({"id":"x"})");
  EXPECT_EQ(reason(with(R"({"id":"x","choices":[ ]})", R"("{\"id\"")")), "response is not an object");
}

std::string hit(std::string_view id, std::string_view more = "", std::string_view index = "logs") {
  return R"({"_index":")" + std::string(index) + R"(","_id":")" + std::string(id) + '"' + std::string(more) +
         R"(,"_source":)" + std::string(kDocument) + "}";
}

TEST(RecordReader, AnElasticsearchHitHasTheIdOfItsDocumentWhateverTheSearch) {
  const auto record = one(hit("AVnbMlVBcnvGkKmVhZkq"));
  EXPECT_EQ(record.request, R"({"model" : "m", "messages":[ ]})");
  EXPECT_EQ(one(hit("AVnbMlVBcnvGkKmVhZkq", R"(,"_score":1.5,"sort":[3])", "other")).id, record.id);
  EXPECT_NE(one(hit("AVnbMlVBcnvGkKmVhZkr")).id, record.id);
  EXPECT_EQ(one(hit("7", R"(,"_score":2)")).id, one(hit("7")).id);
  EXPECT_NE(one(hit("7", "", "other")).id, one(hit("7")).id);
  EXPECT_EQ(one(R"({"_score":1,"_source":)" + std::string(kDocument) + "}").id,
            one(R"({"_score":2,"_source":)" + std::string(kDocument) + "}").id);
  EXPECT_EQ(reason(R"({"_source":7})"), "_source is not an object");
  EXPECT_EQ(reason(R"({"_source":{}})"), "an empty object");
}

TEST(RecordReader, ReadsPairsOfABulkBodyWithTheirIds) {
  const std::string document(kDocument);
  const Outcome outcome =
      read_records(R"({"index":{"_index":"logs","_id":"7"}})"
                   "\n" +
                   document + "\n" + R"({"delete":{"_id":"3"}})" + "\n" + R"({ "create" : {} })" + "\n" + document +
                   "\n" + R"({"update":{"_id":"8"}})" + "\n" + R"({"doc":)" + document + R"(,"doc_as_upsert":true})");
  EXPECT_THAT(outcome.reasons, ElementsAre());
  EXPECT_EQ(outcome.skipped, 4);
  ASSERT_EQ(outcome.records.size(), 3U);
  EXPECT_EQ(outcome.records[0].id, one(hit("7")).id);
  EXPECT_EQ(outcome.records[1].id, one(document).id);
}

TEST(RecordReader, ReadsTheListWithinAnAnswerOfASearchOrAnApi) {
  EXPECT_EQ(read_records(R"({"took":1,"hits":{"total":2,"hits":[)" + hit("1") + "," + hit("2") + "]}}").records.size(),
            2U);
  EXPECT_EQ(read_records(R"({"object":"list","data":[)" + std::string(kDocument) + "]}").records.size(), 1U);
  EXPECT_EQ(read_records(R"({"hits":{"hits":[]}})").skipped, 1);
}

TEST(RecordReader, JoinsBatchResultsToTheirRequestsWhicheverComesFirst) {
  const std::string request =
      R"({"custom_id":"r1","method":"POST","url":"/v1/chat/completions","body":{"model":"m","messages":[{"role":"user","content":"q"}]}})";
  const std::string result =
      R"({"id":"b","custom_id":"r1","response":{"status_code":200,"body":{"created":1700000000,"choices":[{"message":{"role":"assistant","content":"a"}}]}},"error":null})";
  for (const std::string& text : {request + "\n" + result, result + "\n" + request}) {
    const auto record = one(text, kNamed);
    EXPECT_EQ(record.request, R"({"model":"m","messages":[{"role":"user","content":"q"}]})");
    EXPECT_EQ(record.timestamp, from_epoch_seconds(1'700'000'000));
    EXPECT_EQ(read_records(text, kNamed).skipped, 1);
  }
  EXPECT_THAT(reason(result, kNamed), testing::StartsWith("a batch's result without its request"));
  EXPECT_THAT(reason(request, kNamed), testing::StartsWith("a batch's request without a result"));
  EXPECT_EQ(reason(R"({"custom_id":"r1","response":null,"error":{"code":"x"}})", kNamed),
            "a batch's result that failed (an error, expired or cancelled)");
  EXPECT_EQ(reason(R"({"custom_id":"r1","url":"/v1/embeddings","body":{"model":"m","input":"q"}})", kNamed),
            "a batch's request that asks for no text (embeddings, moderation)");
}

TEST(RecordReader, BatchesOfOtherApisBecomeChatCompletions) {
  const std::string responses =
      R"({"custom_id":"r1","method":"POST","url":"/v1/responses","body":{"model":"m","instructions":"s","input":"q"}}
         {"custom_id":"r1","response":{"status_code":200,"body":{"object":"response","created_at":1700000000,"status":"completed","error":null,
          "output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"a"}]}]}},"error":null})";
  const std::string anthropic =
      R"({"custom_id":"r1","result":{"type":"succeeded","message":{"type":"message","role":"assistant","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn"}}}
         {"custom_id":"r1","params":{"model":"m","max_tokens":9,"system":"s","messages":[{"role":"user","content":"q"}]}})";
  for (const std::string& text : {responses, anthropic}) {
    const Outcome outcome = read_records(text, kNamed);
    ASSERT_EQ(outcome.records.size(), 1U) << (outcome.reasons.empty() ? "" : outcome.reasons.front());
    const auto request = nlohmann::json::parse(outcome.records[0].request);
    EXPECT_EQ(request["messages"][0]["content"], "s");
    EXPECT_EQ(request["messages"][1]["content"], "q");
    EXPECT_EQ(nlohmann::json::parse(outcome.records[0].response)["choices"][0]["message"]["content"], "a");
  }
  EXPECT_EQ(reason(R"({"custom_id":"r1","result":{"type":"errored","error":{"type":"error"}}})", kNamed),
            "a batch's result that failed (an error, expired or cancelled)");
}

TEST(RecordReader, ADocumentBeyondTheLimitIsRefusedByName) {
  EXPECT_EQ(reason(R"({"a":")" + std::string(2 << 20, 'x') + "\"}"), "the line is longer than the limit");
}

TEST(RecordReader, TakesRecordsOutOfWhatShippersPutAroundThem) {
  const ReadOptions named{.workload = record::WorkloadId("w"), .client = record::ClientId("c")};
  const std::string plain = R"({"timestamp":1,"request":{"messages":[]},"response":{"choices":[]}})";
  const auto inside = read_records(plain, named).records.at(0).id;
  const nlohmann::json record = nlohmann::json::parse(plain);
  for (const nlohmann::json& line :
       {nlohmann::json{{"@timestamp", "2024"}, {"@message", plain}},
        nlohmann::json{{"log", plain + "\n"}, {"stream", "stdout"}}, nlohmann::json{{"message", plain}, {"host", "h"}},
        nlohmann::json{{"result", {{"_raw", plain}}}}, nlohmann::json{{"attributes", {{"message", plain}}}},
        nlohmann::json{{"logEvents", {{{"id", "1"}, {"message", plain}}}}}}) {
    const Outcome outcome = read_records(line.dump(), named);
    ASSERT_EQ(outcome.records.size(), 1U) << line;
    EXPECT_EQ(outcome.records[0].timestamp, from_epoch_seconds(1));
  }
  EXPECT_EQ(read_records(nlohmann::json{{"@message", plain}}.dump(), named).records.at(0).id, inside);
  EXPECT_EQ(read_records(nlohmann::json{{"jsonPayload", record}}.dump(), named).records.size(), 1U);
}

TEST(RecordReader, ADocumentOfAnActionThatCannotBeReadLeavesTheNextAlone) {
  const std::string action = R"({"index":{"_id":"1"}})";
  const std::string good = R"({"index":{"_id":"2"}})" + std::string("\n") + std::string(kDocument);
  const auto expected = one(good);
  for (const std::string& bad : {"\"" + std::string(2 << 20, 'z') + "\"", std::string("{\"broken")}) {
    const auto outcome = read_records(action + "\n" + bad + "\n" + good);
    EXPECT_THAT(outcome.reasons, testing::SizeIs(1));
    ASSERT_THAT(outcome.records, testing::SizeIs(1));
    EXPECT_EQ(outcome.records[0].id, expected.id);
    // Nor is the id for what has no action line.
    const auto plain = read_records(action + "\n" + bad + "\n" + std::string(kDocument));
    ASSERT_THAT(plain.records, testing::SizeIs(1));
    EXPECT_EQ(plain.records[0].id, one(kDocument).id);
  }
}

TEST(RecordReader, AnActionWithoutItsDocumentIsRefused) {
  const Outcome outcome = read_records("{\"index\":{\"_id\":\"1\"}}\n{\"index\":{\"_id\":\"2\"}}\n");
  EXPECT_EQ(outcome.skipped, 1);
  ASSERT_EQ(outcome.reasons.size(), 1U);
  EXPECT_EQ(outcome.reasons[0], "an action line of a _bulk body where the document of another should be");
  EXPECT_EQ(read_records("{\"index\":{\"_id\":\"1\"}}\n").reasons.at(0),
            "an action line of a _bulk body without its document");
}

}  // namespace
}  // namespace fw::capture

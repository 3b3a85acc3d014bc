#include "capture/log_document.h"

#include <gtest/gtest.h>

#include "record/record_id.h"

namespace fw::capture {
namespace {

constexpr std::string_view kDocument =
    R"({"timestamp":1700000000,"workload_id":"router","client_id":"demo","request":{"model" : "m", "messages":[ ]},"response":{"id":"x","choices":[ ]}, "extra":1})";

Result<record::Interaction> decode(std::string_view line, const DocumentContext& context = {}) {
  codec::JsonSlicer slicer;
  return decode_log_document(line, context, slicer);
}

std::string reason(std::string_view line, const DocumentContext& context = {}) {
  const auto record = decode(line, context);
  if (record.ok()) return "";
  EXPECT_TRUE(record.error().code == ErrorCode::kInvalidArgument || record.error().code == ErrorCode::kTooLarge);
  return record.error().message;
}

std::string with(std::string_view from, std::string_view to) {
  std::string line(kDocument);
  return line.replace(line.find(from), from.size(), to);
}

TEST(LogDocument, KeepsRequestAndResponseByteForByte) {
  const auto record = *decode(kDocument);
  EXPECT_EQ(record.request, R"({"model" : "m", "messages":[ ]})");
  EXPECT_EQ(record.response, R"({"id":"x","choices":[ ]})");
  EXPECT_EQ(*record.workload, "router");
  EXPECT_EQ(*record.client, "demo");
  EXPECT_EQ(record.timestamp, from_epoch_seconds(1'700'000'000));
  EXPECT_EQ(record.id, record::content_id(record.workload, record.client, kDocument, 0));
}

TEST(LogDocument, IdsFromOutsideReplaceOrSupplyTheDocumentsOwn) {
  const DocumentContext context{.workload = record::WorkloadId("w"), .client = record::ClientId("c"), .occurrence = 3};
  const auto record = *decode(kDocument, context);
  EXPECT_EQ(*record.workload, "w");
  EXPECT_EQ(*record.client, "c");
  EXPECT_EQ(record.id, record::content_id(record.workload, record.client, kDocument, 3));
  EXPECT_EQ(reason(with(R"("workload_id":"router",)", ""), context), "");
  EXPECT_EQ(reason(with(R"("workload_id":"router")", R"("workload_id":[])"), context), "");
}

TEST(LogDocument, SaysWhatIsMissingOrWrong) {
  EXPECT_EQ(reason(with(R"("timestamp":1700000000,)", "")), "timestamp is missing");
  EXPECT_EQ(reason(with("1700000000", "null")), "timestamp is missing");
  EXPECT_EQ(reason(with("1700000000", "\"soon\"")), "timestamp is not epoch seconds or ISO-8601 between 1970 and 2262");
  EXPECT_EQ(reason(with("1700000000", "{}")), "timestamp is not epoch seconds or ISO-8601 between 1970 and 2262");
  EXPECT_EQ(reason(with(R"("client_id":"demo",)", "")), "client_id is missing");
  EXPECT_EQ(reason(with("\"router\"", "\"\"")),
            "workload_id is not a string of 1 to 256 bytes without control characters");
  EXPECT_EQ(reason(with("\"router\"", "\"a\\u0000b\"")),
            "workload_id is not a string of 1 to 256 bytes without control characters");
  EXPECT_EQ(reason(with("\"demo\"", '"' + std::string(257, 'x') + '"')),
            "client_id is not a string of 1 to 256 bytes without control characters");
  EXPECT_EQ(reason(with(R"({"model" : "m", "messages":[ ]})", "\"text\"")), "request is not an object");
  EXPECT_EQ(reason(with(R"("response":{"id":"x","choices":[ ]})", R"("response":null)")), "response is missing");
  EXPECT_EQ(reason(R"({"timestamp":1,"timestamp":2})"), "a JSON object with a key twice");
  EXPECT_EQ(reason("not json"), "not valid JSON");
  EXPECT_EQ(reason("[]"), "not a JSON object");
}

TEST(LogDocument, AcceptsIdsAndTimesWrittenTheOtherWay) {
  EXPECT_EQ(*decode(with("\"demo\"", "42"))->client, "42");
  EXPECT_EQ(decode(with("1700000000", "\"2023-11-14T22:13:20Z\""))->timestamp, from_epoch_seconds(1'700'000'000));
  EXPECT_EQ(decode(with("1700000000", "\"1700000000\""))->timestamp, from_epoch_seconds(1'700'000'000));
  EXPECT_EQ(*decode(with("router", "caf\\u00e9"))->workload, "caf\xc3\xa9");
}

TEST(LogDocument, ReadsAnElasticsearchHit) {
  const auto record = *decode(R"({"_index":"flywheel","_id":"7","_source":)" + std::string(kDocument) + "}");
  EXPECT_EQ(record.request, R"({"model" : "m", "messages":[ ]})");
  EXPECT_EQ(reason(R"({"_source":7})"), "_source is not an object");
  EXPECT_EQ(reason(R"({"_source":{}})"), "workload_id is missing");
}

TEST(LogDocument, MakesAnInteractionOfAChatRow) {
  const DocumentContext context{
      .workload = record::WorkloadId("w"), .client = record::ClientId("c"), .loaded_at = from_epoch_seconds(5)};
  const auto record =
      *decode(R"({"messages":[{"role":"user","content":"a  b"},{"role" : "assistant","content":"x"}],"tools":[ {} ]})",
              context);
  EXPECT_EQ(
      record.request,
      R"({"model": "not-a-model", "messages": [{"role":"user","content":"a  b"}], "tools": [ {} ], "temperature": 0.7, "max_tokens": 1000})");
  EXPECT_EQ(
      record.response,
      R"({"object": "chat.completion", "model": "not-a-model", "choices": [{"index": 0, "message": {"role" : "assistant","content":"x"}, "finish_reason": "stop"}]})");
  EXPECT_EQ(record.timestamp, from_epoch_seconds(5));
  codec::JsonSlicer slicer;
  EXPECT_TRUE(slicer.members(record.request).ok());
  EXPECT_TRUE(slicer.members(record.response).ok());
}

TEST(LogDocument, RefusesChatRowsWithoutQuestionOrAnswer) {
  const DocumentContext context{.workload = record::WorkloadId("w"), .client = record::ClientId("c")};
  EXPECT_EQ(reason(R"({"messages":[]})", context), "messages has no question before the answer");
  EXPECT_EQ(reason(R"({"messages":[{"role":"assistant"}]})", context), "messages has no question before the answer");
  EXPECT_EQ(reason(R"({"messages":{}})", context), "messages is not a list");
  EXPECT_EQ(reason(R"({"messages":[{"role":"system"},{"role":"user"}]})", context),
            "the last of messages is not the assistant's");
  EXPECT_EQ(reason(R"({"messages":[1,2]})", context), "the last of messages is not the assistant's");
  EXPECT_EQ(reason(R"({"messages":[1,{"role":"assistant"}],"tools":{}})", context), "tools is not a list");
  EXPECT_EQ(reason(R"({"messages":[1,{"role":"assistant"}]})"), "workload_id is missing");
}

TEST(LogDocument, KnowsTheActionLinesOfABulkBody) {
  codec::JsonSlicer slicer;
  EXPECT_TRUE(is_bulk_action(R"({"index":{"_index":"flywheel"}})", slicer));
  EXPECT_TRUE(is_bulk_action(R"({ "create" : {} })", slicer));
  EXPECT_FALSE(is_bulk_action(R"({"index":{},"x":1})", slicer));
  EXPECT_FALSE(is_bulk_action(R"({"index":1})", slicer));
  EXPECT_FALSE(is_bulk_action("index", slicer));
}

}  // namespace
}  // namespace fw::capture

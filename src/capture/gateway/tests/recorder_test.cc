#include "capture/gateway/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fw::capture {
namespace {

using namespace std::chrono_literals;
using record::Ending;
using testing::HasSubstr;

const Instant kBegin{1h};
const std::string kRequest = R"({"model":"gpt-4o","messages":[]})";

Recorder recorder(std::size_t max_bytes = 1 << 20, Dialect dialect = Dialect::kChatCompletions) {
  Labels labels{record::WorkloadId("w"), record::ClientId("c"), "conv", {{"env", "prod"}}, {}};
  return Recorder({.id = record::RecordId("id"),
                   .labels = std::move(labels),
                   .dialect = dialect,
                   .model = "gpt-4o",
                   .when = Timestamp{},
                   .request_whole = kBegin},
                  max_bytes);
}

Result<record::Interaction> answered(Recorder r, int status, const std::string& body, BytesEnd end = BytesEnd::kWhole,
                                     net::Headers headers = {{"Content-Type", "application/json"}}) {
  AnswerScanner scanner;
  r.set_target("route", "candidate");
  r.begin_answer({status, std::move(headers)});
  r.add(body, kBegin + 20ms);
  return std::move(r).finish(kRequest, end, kBegin + 50ms, scanner);
}

TEST(Recorder, AWholeAnswerIsKeptByteForByteWithWhatIsKnownOfIt) {
  const std::string body = R"({ "model": "gpt-4o-2024", "choices":[{"message":{"content":"hi"}}]})";
  const auto kept = answered(recorder(), 200, body).value();
  EXPECT_EQ(kept.request, kRequest);
  EXPECT_EQ(kept.response, body);
  EXPECT_EQ(*kept.workload, "w");
  const auto& p = kept.provenance;
  EXPECT_EQ(p.origin, record::Origin::kGateway);
  EXPECT_EQ(p.ending, Ending::kFinished);
  EXPECT_EQ(p.http_status, 200);
  EXPECT_EQ(p.first_token, 20ms);
  EXPECT_EQ(p.total, 50ms);
  EXPECT_EQ(p.model_asked, "gpt-4o");
  EXPECT_EQ(p.model_answered, "gpt-4o-2024");
  EXPECT_EQ(p.route, "route");
  EXPECT_EQ(p.variant, "candidate");
  EXPECT_EQ(p.conversation, "conv");
  EXPECT_EQ(p.tags.front(), (record::Tag{"env", "prod"}));
}

TEST(Recorder, ArgumentsThatAreNoJsonAreMarked) {
  const std::string cut =
      R"({"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":"{\"a\": 1"}}]}}]})";
  EXPECT_EQ(answered(recorder(), 200, cut).value().provenance.ending, Ending::kArgumentsIncomplete);
}

TEST(Recorder, AnErrorIsKeptAsRefused) {
  const auto kept = answered(recorder(), 429, R"({"error":{"message":"slow down"}})").value();
  EXPECT_EQ(kept.provenance.ending, Ending::kRefused);
  EXPECT_THAT(kept.response, HasSubstr("slow down"));
  const auto html = answered(recorder(), 502, "<html>bad gateway</html>").value();
  EXPECT_EQ(html.provenance.ending, Ending::kRefused);
  EXPECT_THAT(nlohmann::json::parse(html.response)["error"]["message"].get<std::string>(), HasSubstr("bad gateway"));
}

TEST(Recorder, AnAnswerThatIsNoJsonIsNotFinished) {
  EXPECT_EQ(answered(recorder(), 200, "<html>").value().provenance.ending, Ending::kRefused);
}

TEST(Recorder, AnErrorInAnAnswerThatSucceededIsRefused) {
  const auto kept = answered(recorder(), 200, R"({"error":{"message":"overloaded"}})").value();
  EXPECT_EQ(kept.provenance.ending, Ending::kRefused);
  EXPECT_THAT(kept.response, HasSubstr("overloaded"));
  const auto response =
      answered(recorder(1 << 20, Dialect::kResponses), 200, R"({"status":"failed","error":{"message":"no"}})");
  EXPECT_EQ(response.value().provenance.ending, Ending::kRefused);
  for (const char* fine : {R"({"choices":[],"error":null})", R"({"choices":[],"error":""})"}) {
    EXPECT_EQ(answered(recorder(), 200, fine).value().provenance.ending, Ending::kFinished) << fine;
  }
}

TEST(Recorder, AnAnswerWithoutALengthThatEndsWithinItsJsonIsOfAnUpstreamThatDied) {
  for (const char* cut : {R"({"choices":[{"message":{"content":"he)", " {", R"({"choices":[])"}) {
    const auto kept = answered(recorder(), 200, cut).value();
    EXPECT_EQ(kept.provenance.ending, Ending::kUpstreamDied) << cut;
    EXPECT_THAT(kept.response, HasSubstr("partial_body")) << cut;
  }
  EXPECT_EQ(answered(recorder(), 200, R"({"a":1}})").value().provenance.ending, Ending::kRefused);
  EXPECT_EQ(answered(recorder(), 500, R"({"error":)").value().provenance.ending, Ending::kRefused);
}

TEST(Recorder, AnAnswerWithABrokenCharacterIsStillAnAnswer) {
  const std::string before = R"({"choices":[{"message":{"content":"a)";
  for (const std::string& broken : {std::string("\xff"), std::string("\xe4\xb8"), std::string(R"(\ud83d)")}) {
    const auto kept = answered(recorder(), 200, before + broken + R"(b"}}]})").value();
    EXPECT_EQ(kept.provenance.ending, Ending::kFinished);
    EXPECT_EQ(nlohmann::json::parse(kept.response)["choices"][0]["message"]["content"], "a\ufffdb");
    EXPECT_EQ(kept.provenance.tags.back().name, "capture_note");
  }
}

TEST(Recorder, WhatHadComeOfABrokenAnswerIsKept) {
  const auto kept = answered(recorder(), 200, R"({"choices":[{"mess)", BytesEnd::kUpstreamDied).value();
  EXPECT_EQ(kept.provenance.ending, Ending::kUpstreamDied);
  EXPECT_THAT(kept.response, HasSubstr("partial_body"));
  EXPECT_TRUE(nlohmann::json::parse(kept.response)["choices"].empty());
}

TEST(Recorder, AStreamIsRebuilt) {
  const std::string stream =
      "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hel\"}}]}\n\n"
      "data: "
      "{\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\n"
      "data: [DONE]\n\n";
  const net::Headers type{{"Content-Type", "text/event-stream; charset=utf-8"}};
  const auto kept = answered(recorder(), 200, stream, BytesEnd::kWhole, type).value();
  EXPECT_EQ(kept.provenance.ending, Ending::kFinished);
  EXPECT_EQ(nlohmann::json::parse(kept.response)["choices"][0]["message"]["content"], "Hello");
  const auto left = answered(recorder(), 200, stream.substr(0, 100), BytesEnd::kClientGone, type).value();
  EXPECT_EQ(left.provenance.ending, Ending::kClientGone);
}

TEST(Recorder, AnAnswerBeyondTheLimitIsNotKept) {
  EXPECT_EQ(answered(recorder(10), 200, std::string(11, 'x')).error().code, ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace fw::capture

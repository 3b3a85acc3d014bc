#include "modelops/openai/event_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fw::modelops {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::string events(const std::vector<std::string>& chunks, bool is_done = true) {
  std::string out;
  for (const auto& chunk : chunks) out += "data: " + chunk + "\n\n";
  return is_done ? out + "data: [DONE]\n\n" : out;
}
std::string delta(const std::string& inner, const std::string& finish = "null") {
  return R"({"id":"x","model":"m","choices":[{"index":0,"delta":)" + inner + R"(,"finish_reason":)" + finish + "}]}";
}
json assembled(const std::string& text) {
  const auto out = assemble_completion(text);
  return out.ok() ? json::parse(*out) : json(out.error().message);
}
json message(const std::string& text) { return assembled(text)["choices"][0]["message"]; }

TEST(EventStream, TextsUsageAndFinishReasonAreOneCompletion) {
  const auto out = assembled(events({delta(R"({"role":"assistant","content":""})"), delta(R"({"content":"Hel"})"),
                                     delta(R"({"content":"lo"})", "\"stop\""),
                                     R"({"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}})"}));
  EXPECT_EQ(out["choices"][0]["message"]["content"], "Hello");
  EXPECT_EQ(out["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(out["usage"]["prompt_tokens"], 7);
  EXPECT_EQ(out["model"], "m");
}

TEST(EventStream, PiecesOfCallsAreJoinedByIndex) {
  const auto out = message(events(
      {delta(R"({"tool_calls":[{"index":1,"id":"b","function":{"name":"two","arguments":""}}]})"),
       delta(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"one","arguments":"{\"x\""}}]})"),
       delta(
           R"({"tool_calls":[{"index":0,"function":{"arguments":":1}"}},{"index":1,"function":{"arguments":"{}"}}]})"),
       delta("{}", "\"tool_calls\"")}));
  ASSERT_EQ(out["tool_calls"].size(), 2U);
  EXPECT_EQ(out["tool_calls"][0]["function"], json({{"name", "one"}, {"arguments", "{\"x\":1}"}}));
  EXPECT_EQ(out["tool_calls"][1]["function"]["name"], "two");
  EXPECT_TRUE(out["content"].is_null());
}

TEST(EventStream, TwoWholeCallsUnderOneIndexAreTwo) {
  const auto out =
      message(events({delta(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"one","arguments":"{}"}}]})"),
                      delta(R"({"tool_calls":[{"index":0,"id":"b","function":{"name":"two","arguments":"{}"}}]})")}));
  EXPECT_EQ(out["tool_calls"].size(), 2U);
}

TEST(EventStream, PiecesWithoutIndexGoOnWithTheLastCall) {
  const auto out = message(events({delta(R"({"tool_calls":[{"id":"a","function":{"name":"one","arguments":"{"}}]})"),
                                   delta(R"({"tool_calls":[{"function":{"name":"one","arguments":"}"}}]})")}));
  ASSERT_EQ(out["tool_calls"].size(), 1U);
  EXPECT_EQ(out["tool_calls"][0]["function"], json({{"name", "one"}, {"arguments", "{}"}}));
}

TEST(EventStream, ALegacyCallAndARefusalAreKept) {
  const auto out = message(events({delta(R"({"function_call":{"name":"f","arguments":"{\"a\""}})"),
                                   delta(R"({"function_call":{"arguments":":1}"},"refusal":"no"})", "\"stop\"")}));
  EXPECT_EQ(out["function_call"], json({{"name", "f"}, {"arguments", "{\"a\":1}"}}));
  EXPECT_EQ(out["refusal"], "no");
}

TEST(EventStream, AnErrorWithinTheStreamIsTheAnswer) {
  EXPECT_EQ(
      assembled(events({delta(R"({"content":"x"})"), R"({"error":{"message":"overloaded"}})"}))["error"]["message"],
      "overloaded");
}

TEST(EventStream, AStreamThatEndsEarlyIsNoAnswer) {
  EXPECT_THAT(assembled(events({delta(R"({"content":"x"})")}, false)).get<std::string>(), HasSubstr("ended before"));
  EXPECT_THAT(assembled(events({R"({"choices":)"})).get<std::string>(), HasSubstr("no JSON"));
  EXPECT_THAT(assembled(events({std::string(100'000, '[')})).get<std::string>(), HasSubstr("too deep"));
}

TEST(EventStream, IsKnownByItsTypeOrItsFirstWords) {
  const auto is = [](const char* type, const char* body) {
    return is_event_stream({.headers = {{"Content-Type", type}}, .body = body});
  };
  EXPECT_TRUE(is("text/event-stream; charset=utf-8", ""));
  EXPECT_TRUE(is("application/json", "\n data: {}"));
  EXPECT_TRUE(is("text/plain", ": ping\n\ndata: {}"));
  EXPECT_FALSE(is("application/json", "{\"data\": 1}"));
}

}  // namespace
}  // namespace fw::modelops

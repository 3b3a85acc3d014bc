#include "promotion/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file.h"
#include "promotion/pair_log.h"

namespace fw::promotion {
namespace {

using testing::ElementsAre;

const std::string kRequest = R"({"messages":[{"role":"user","content":"weather in Oslo"}],"tools":[{"type":"function",
 "function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"},
 "unit":{"enum":["C","F"]}},"required":["city"]}}}]})";

std::string call_of(const std::string& name, std::string arguments) {
  for (std::size_t at = 0; (at = arguments.find('"', at)) != std::string::npos; at += 2) arguments.insert(at, "\\");
  return R"({"choices":[{"message":{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function",
 "function":{"name":")" +
         name + R"(","arguments":")" + arguments + R"("}}]}}]})";
}

std::string text_of(const std::string& text) {
  return R"({"choices":[{"message":{"role":"assistant","content":")" + text + R"("}}]})";
}

record::Interaction answered(std::string response, int milliseconds = 100) {
  record::Interaction one{.id = record::RecordId("r1"),
                          .workload = record::WorkloadId("router"),
                          .client = record::ClientId("demo"),
                          .timestamp = from_epoch_seconds(1'790'000'000),
                          .request = kRequest,
                          .response = std::move(response)};
  one.provenance.total = std::chrono::milliseconds(milliseconds);
  return one;
}

record::Interaction dead() {
  auto one = answered(R"({"error":{"message":"no answer"}})");
  one.provenance.ending = record::Ending::kUpstreamDied;
  return one;
}

const GateLimits kLimits{.slow_after = std::chrono::milliseconds(500)};

Comparison compared(const record::Interaction& candidate, const record::Interaction& other, bool was_copied = true) {
  return compare(candidate, other, was_copied, kLimits, {});
}

const std::string kOslo = call_of("weather", R"({"city":"Oslo"})");

TEST(Comparison, EqualCallsAgreeWhateverTheirOrderOfArguments) {
  const auto one = compared(answered(call_of("weather", R"({"unit":"C","city":"Oslo"})")),
                            answered(call_of("weather", R"({"city":"Oslo","unit":"C"})")));
  EXPECT_EQ(one.pair.score, 1);
  EXPECT_EQ(one.pair.metric, "tool_calls_and_args_match");
  EXPECT_EQ(one.seen.disagreement, 0);
  EXPECT_EQ(one.seen.text_disagreement, std::nullopt);
  EXPECT_EQ(one.seen.is_error, false);
  EXPECT_EQ(one.seen.is_invalid_call, false);
  EXPECT_TRUE(one.seen.is_copy);
}

TEST(Comparison, AnotherValueIsADisagreementWithItsMistake) {
  const auto one = compared(answered(call_of("weather", R"({"city":"Bergen"})")), answered(kOslo));
  EXPECT_EQ(one.seen.disagreement, 1);
  EXPECT_THAT(one.pair.mistakes, testing::Contains("wrong argument"));
}

TEST(Comparison, ACallWhereProductionAnsweredInTextIsADisagreementOfCalls) {
  const auto one = compared(answered(kOslo), answered(text_of("cold")));
  EXPECT_EQ(one.seen.disagreement, 1);
  EXPECT_EQ(one.seen.text_disagreement, std::nullopt);
}

TEST(Comparison, TextsAreComparedByTheTextMetric) {
  const auto one = compared(answered(text_of("it is cold")), answered(text_of("it is cold")));
  EXPECT_EQ(one.seen.text_disagreement, 0);
  EXPECT_EQ(one.seen.disagreement, std::nullopt);
  EXPECT_EQ(one.pair.metric, "rouge_l");
}

TEST(Comparison, ACopyWithoutAnAnswerIsAnErrorAndNoDisagreement) {
  const auto one = compared(dead(), answered(kOslo));
  EXPECT_EQ(one.seen.is_error, true);
  EXPECT_EQ(one.seen.disagreement, std::nullopt);
  EXPECT_EQ(one.seen.is_slow, std::nullopt);
  EXPECT_FALSE(one.pair.is_answered);
}

TEST(Comparison, WhatTheClientHadWasCountedThenAndOnlyComparesNow) {
  const auto one = compared(answered(call_of("weather", "{}"), 900), answered(kOslo), /*was_copied=*/false);
  EXPECT_EQ(one.seen.is_error, std::nullopt);
  EXPECT_EQ(one.seen.is_slow, std::nullopt);
  EXPECT_EQ(one.seen.is_invalid_call, std::nullopt);
  EXPECT_EQ(one.seen.disagreement, 1);
  // A production that is away says nothing about the candidate.
  EXPECT_EQ(compared(answered(kOslo), dead(), false).seen.disagreement, std::nullopt);
}

TEST(Comparison, InvalidIsWhatTheRequestsOwnSchemaForbids) {
  const auto invalid = [](std::string response) {
    return look_at(answered(std::move(response)), kLimits).is_invalid_call;
  };
  EXPECT_EQ(invalid(kOslo), false);
  EXPECT_EQ(invalid(call_of("weather", "{}")), true);                             // city is missing
  EXPECT_EQ(invalid(call_of("weather", R"({"city":"Oslo","unit":"K"})")), true);  // none of the enum
  EXPECT_EQ(invalid(call_of("forecast", R"({"city":"Oslo"})")), true);            // no tool of the request
  EXPECT_EQ(invalid(call_of("weather", "{")), true);
  EXPECT_EQ(invalid(text_of("cold")), std::nullopt);
}

TEST(Comparison, SlowIsWhatTookLongerThanTheLimit) {
  EXPECT_EQ(look_at(answered(kOslo, 501), kLimits).is_slow, true);
  EXPECT_EQ(look_at(answered(kOslo, 500), kLimits).is_slow, false);
  EXPECT_EQ(look_at(answered(kOslo, 501), GateLimits{}).is_slow, std::nullopt);
}

TEST(Comparison, APairIsKeptWithoutItsTextsAndComesBackEqual) {
  const auto pair = compared(answered(call_of("weather", R"({"city":"Bergen"})")), answered(kOslo)).pair;
  EXPECT_EQ(pair_of(to_json(pair)), pair);
  EXPECT_EQ(to_json(pair).find("Bergen"), std::string::npos);
  EXPECT_EQ(pair_of("{}"), std::nullopt);
}

TEST(Comparison, APairKeepsTheJudgesRatingAndOneOfAnEarlierVersionHasNone) {
  auto pair = compared(answered(kOslo), answered(kOslo)).pair;
  EXPECT_EQ(pair_of(to_json(pair))->judge, std::nullopt);
  pair.judge = 0.25;
  EXPECT_EQ(pair_of(to_json(pair)), pair);
  std::string earlier = to_json(pair);
  earlier.replace(earlier.find(R"("judge":0.25,)"), 13, "");
  EXPECT_EQ(pair_of(earlier)->judge, std::nullopt);
}

TEST(PairLog, KeepsTheLastOnesOverARestartAndSumsThemUp) {
  const io::TemporaryFolder folder("pairs");
  const auto pair = compared(answered(kOslo, 200), answered(kOslo, 100)).pair;
  {
    PairLog log(folder.path());
    for (int i = 0; i < 9; ++i) ASSERT_TRUE(log.append("p-1", pair).ok());
    auto other = compared(answered(text_of("x"), 300), answered(kOslo, 100)).pair;
    other.record_id = "last";
    ASSERT_TRUE(log.append("p-1", other).ok());
  }
  PairLog log(folder.path());
  EXPECT_EQ(log.recent("p-1", 2).front().record_id, "last");
  EXPECT_EQ(log.recent("p-1", 100).size(), 10U);
  const auto sum = log.summary("p-1");
  EXPECT_EQ(sum.pairs, 10U);
  EXPECT_DOUBLE_EQ(sum.score, 0.9);
  EXPECT_DOUBLE_EQ(sum.candidate_p50, 0.2);
  EXPECT_DOUBLE_EQ(sum.candidate_p95, 0.3);
  EXPECT_DOUBLE_EQ(sum.other_p95, 0.1);
  EXPECT_EQ(log.summary("p-2").pairs, 0U);
}

}  // namespace
}  // namespace fw::promotion

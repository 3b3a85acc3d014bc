#include "review/shown_answer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fw::review {
namespace {

using Json = nlohmann::ordered_json;

TEST(ShownAnswer, TheSameCallIsTheSameBytesFromEitherSide) {
  const auto production = Json::parse(R"({"role": "assistant", "content": "", "refusal": null, "tool_calls": [
    {"id": "call_9aZ", "type": "function", "function": {"name": "refund", "arguments": {"order": "A1", "days": 3}}}]})");
  const auto candidate = Json::parse(R"({"content": null, "tool_calls": [
    {"function": {"arguments": "{ \"days\": 3,\n  \"order\": \"A1\" }", "name": "refund"}, "index": 0}],
    "role": "assistant", "reasoning_content": "the order is late"})");
  EXPECT_EQ(shown_answer(production).dump(), shown_answer(candidate).dump());
  EXPECT_EQ(shown_answer(production).dump(),
            R"({"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function",)"
            R"("function":{"name":"refund",)"
            R"("arguments":"{\"days\":3,\"order\":\"A1\"}"}}]})");
}

TEST(ShownAnswer, ATextIsTheSameWithAndWithoutAnEmptyListOfCalls) {
  const auto plain = Json::parse(R"({"role": "assistant", "content": "Gone."})");
  const auto parts = Json::parse(R"({"content": [{"type": "text", "text": "Gone."}], "tool_calls": []})");
  EXPECT_EQ(shown_answer(plain), shown_answer(parts));
  EXPECT_EQ(shown_answer(plain).dump(), R"({"role":"assistant","content":"Gone."})");
}

TEST(ShownAnswer, WhatIsNoJsonOrNoMessageIsNotLost) {
  const auto broken = Json::parse(R"({"tool_calls": [{"function": {"name": "f", "arguments": "{\"a\": "}}, 7]})");
  EXPECT_EQ(shown_answer(broken)["tool_calls"][0]["function"]["arguments"], "{\"a\": ");
  EXPECT_EQ(shown_answer(broken)["tool_calls"].size(), 2U);
  EXPECT_TRUE(shown_answer("text").is_null());
  EXPECT_TRUE(shown_answer(nullptr).is_null());
  const auto old_form = Json::parse(R"({"content": null, "function_call": {"name": "f", "arguments": "{}"}})");
  EXPECT_EQ(shown_answer(old_form)["tool_calls"][0]["function"]["name"], "f");
}

}  // namespace
}  // namespace fw::review

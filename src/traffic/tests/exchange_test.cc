#include "traffic/exchange.h"

#include <gtest/gtest.h>

namespace fw::traffic {
namespace {

record::Interaction interaction(std::string request, std::string response) {
  return {record::RecordId("r"), record::WorkloadId("w"), record::ClientId("c"),
          Timestamp{},           std::move(request),      std::move(response)};
}

const char* const kAnswer =
    R"({"model":"big-1","usage":{"prompt_tokens":12,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":8}},
        "choices":[{"finish_reason":"tool_calls","message":{"role":"assistant","content":null,
        "tool_calls":[{"function":{"name":"get_order","arguments":"{\"id\":7}"}},{"function":{"name":"refund","arguments":"{}"}}]}}]})";

TEST(ExchangeReader, TheClassIsTheFirstToolThatTheAnswerCalls) {
  const auto seen = ExchangeReader().read(
      interaction(R"({"model":"big","messages":[{"role":"user","content":"hello"}],"tools":[{},{}]})", kAnswer));
  EXPECT_EQ(seen.label, "get_order");
  EXPECT_EQ(seen.called, (std::vector<std::string>{"get_order", "refund"}));
  EXPECT_EQ(seen.tools_offered, 2u);
  EXPECT_EQ(seen.model_asked, "big");
  EXPECT_EQ(seen.model_answered, "big-1");
  EXPECT_EQ(seen.asked, "hello");
  EXPECT_EQ(seen.answered, R"({"id":7})");
  EXPECT_EQ(seen.prompt_tokens, 12u);
  EXPECT_EQ(seen.cached_tokens, 8u);
  EXPECT_FALSE(seen.is_error);
}

TEST(ExchangeReader, AnAnswerInTextIsOfTheClassNoTool) {
  const auto seen = ExchangeReader().read(interaction(
      "{}", R"({"choices":[{"message":{"content":[{"type":"text","text":"Good"},{"type":"text","text":"day"}]}}]})"));
  EXPECT_EQ(seen.label, "no_tool");
  EXPECT_EQ(seen.answered, "Good\nday");
}

TEST(ExchangeReader, AnErrorIsOneAndSaysWhy) {
  const auto seen = ExchangeReader().read(interaction("{}", R"({"error":{"message":"too many requests"}})"));
  EXPECT_TRUE(seen.is_error);
  EXPECT_EQ(seen.answered, "too many requests");
}

TEST(ExchangeReader, WhatIsNoCompletionHasEmptyFields) {
  for (const char* bytes : {"", "null", "[1]", R"({"choices":[]})", R"({"choices":{"a":1},"usage":3})", "\xff\xfe",
                            R"({"messages":"x","tools":7})"}) {
    const auto seen = ExchangeReader().read(interaction(bytes, bytes));
    EXPECT_EQ(seen.label, "") << bytes;
    EXPECT_EQ(seen.messages, 0u) << bytes;
  }
}

TEST(ExchangeReader, ABeginningEndsBetweenCharacters) {
  std::string text(ExchangeReader::kPreviewBytes - 1, 'x');
  text += "\u00e9\u00e9";
  const auto seen = ExchangeReader().read(interaction(R"({"messages":[{"content":")" + text + R"("}]})", "{}"));
  EXPECT_EQ(seen.asked, std::string(ExchangeReader::kPreviewBytes - 1, 'x'));
}

TEST(ExchangeReader, FindsWordsOfTheConversationButNotOfTheInstructions) {
  const auto one = interaction(
      R"({"messages":[{"role":"system","content":"policy"},{"role":"user","content":"My LATE order"}],"tools":[{"function":{"name":"t00l"}}]})",
      kAnswer);
  ExchangeReader reader;
  EXPECT_TRUE(reader.has_text(one, "late order"));
  EXPECT_TRUE(reader.has_text(one, "refund"));
  EXPECT_TRUE(reader.has_text(one, "\"id\":7"));
  EXPECT_FALSE(reader.has_text(one, "policy"));
  EXPECT_FALSE(reader.has_text(one, "t00l"));
}

}  // namespace
}  // namespace fw::traffic

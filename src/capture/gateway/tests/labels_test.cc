#include "capture/gateway/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/gateway/dialect.h"
#include "capture/gateway/pattern.h"

namespace fw::capture {
namespace {

RequestScan scan(std::string body, bool wants_system = true) {
  RequestScanner scanner;
  return scanner.scan(body, wants_system);
}

Labels labels(const net::Headers& headers, const std::string& body, const CaptureSettings& settings = {}) {
  return labels_of("/v1/chat/completions", headers, scan(body), settings);
}

TEST(Pattern, FitsWithStarsAnywhere) {
  EXPECT_TRUE(fits_pattern("", "anything"));
  EXPECT_TRUE(fits_pattern("gpt-4o*", "gpt-4o-mini"));
  EXPECT_TRUE(fits_pattern("*router*", "You are a router."));
  EXPECT_TRUE(fits_pattern("a*b*c", "aXbYbZc"));
  EXPECT_FALSE(fits_pattern("gpt-4o", "gpt-4o-mini"));
  EXPECT_FALSE(fits_pattern("a*b", "ac"));
  EXPECT_TRUE(fits_pattern("*", ""));
}

TEST(RequestScan, ReadsWhatRoutingNeeds) {
  const auto s = scan(R"({"model":"gpt-4o","stream":true,"user":"u1","metadata":{"a":"b","n":3},
      "messages":[{"role":"system","content":[{"type":"text","text":"You route."}]},{"role":"user","content":"hi"}]})");
  EXPECT_TRUE(s.is_object);
  EXPECT_TRUE(s.is_stream);
  EXPECT_EQ(s.model, "gpt-4o");
  EXPECT_EQ(s.user, "u1");
  ASSERT_EQ(s.metadata.size(), 1U);
  EXPECT_EQ(s.metadata.front().second, "b");
  EXPECT_EQ(s.system, "You route.");
}

TEST(RequestScan, SaysWhatIsNoObject) {
  EXPECT_FALSE(scan("").is_object);
  EXPECT_FALSE(scan("[1]").is_object);
  EXPECT_FALSE(scan(R"({"model":"m")").is_object);
  EXPECT_FALSE(scan(R"({"model":"m"} x)").is_object);
  EXPECT_FALSE(scan("{\"model\":\"\xff\"}").is_object);
}

TEST(RequestScan, NumbersBeyond64BitsAreJson) {
  const auto s = scan(R"({"seed":123456789012345678901234567890,"model":"m","stream":true})");
  EXPECT_TRUE(s.is_object);
  EXPECT_EQ(s.model, "m");
  EXPECT_TRUE(s.is_stream);
}

TEST(RequestScan, OnlyTheModelChangesWhenItIsReplaced) {
  const std::string body = R"({ "messages": [{"model":"x"}], "model" : "old", "n":1.50 })";
  EXPECT_EQ(with_model(body, "new\"1").value(), R"({ "messages": [{"model":"x"}], "model" : "new\"1", "n":1.50 })");
  EXPECT_FALSE(with_model(R"({"n":1})", "m").ok());
}

TEST(Labels, HeadersWinOverTheBodyAndTheBodyOverRules) {
  CaptureSettings settings;
  settings.rules = {{.system = "*router*", .workload = "by-rule", .client = "rule-client"}};
  const std::string plain = R"({"messages":[{"role":"system","content":"a router here"}]})";
  const std::string tagged =
      R"({"metadata":{"workload_id":"by-body","client":"body-client","conversation_id":"c7"},"messages":[]})";
  EXPECT_EQ(*labels({}, plain, settings).workload, "by-rule");
  EXPECT_EQ(*labels({}, plain, settings).client, "rule-client");
  EXPECT_EQ(*labels({}, tagged, settings).workload, "by-body");
  EXPECT_EQ(labels({}, tagged, settings).conversation, "c7");
  EXPECT_EQ(*labels({{"X-Flywheel-Workload", "by-header"}}, tagged, settings).workload, "by-header");
}

TEST(Labels, WhatNothingNamesHasANameThatShows) {
  EXPECT_EQ(*labels({}, "{}").workload, "untagged");
  EXPECT_EQ(*labels({}, "{}").client, "unknown");
  EXPECT_EQ(*labels({}, R"({"user":"alice"})").client, "alice");
}

TEST(Labels, TagsAreNamesWithAndWithoutValues) {
  const auto found = labels({{"x-flywheel-tags", "env=prod, canary,, a = b=c "}}, "{}");
  EXPECT_THAT(found.tags,
              testing::ElementsAre(record::Tag{"env", "prod"}, record::Tag{"canary", ""}, record::Tag{"a", "b=c"}));
}

TEST(Labels, WhatCannotBeAnIdIsRepaired) {
  EXPECT_EQ(*labels({{"x-flywheel-workload", "a\xff"}}, "{}").workload, "a?");
  EXPECT_EQ(labels({{"x-flywheel-workload", std::string(1000, 'w')}}, "{}").workload->size(), 256U);
}

TEST(Labels, OwnHeadersGoNoFurther) {
  net::Headers headers{{"X-Flywheel-Workload", "w"}, {"Accept", "*/*"}, {"x-flywheel-anything", "1"}};
  remove_own_headers(headers);
  EXPECT_EQ(headers, (net::Headers{{"Accept", "*/*"}}));
}

TEST(Dialect, IsToldByTheWholePath) {
  EXPECT_EQ(dialect_of(net::Method::kPost, "/v1/chat/completions"), Dialect::kChatCompletions);
  EXPECT_EQ(dialect_of(net::Method::kPost, "/v1/messages/"), Dialect::kMessages);
  EXPECT_FALSE(dialect_of(net::Method::kPost, "/v1/messages/count_tokens"));
  EXPECT_FALSE(dialect_of(net::Method::kGet, "/v1/responses"));
  EXPECT_FALSE(dialect_of(net::Method::kPost, "/v1/embeddings"));
}

}  // namespace
}  // namespace fw::capture

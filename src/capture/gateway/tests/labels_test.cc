#include "capture/gateway/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/gateway/dialect.h"
#include "capture/gateway/label_rule.h"
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

TEST(RequestScan, ReadsWhatRulesLookAtInEveryApi) {
  const auto chat = scan(R"({"messages":[{"role":"developer","content":"You route."},{"role":"assistant","content":"x"},
      {"role":"user","content":"hi"},{"role":"user","content":"again"}],
      "tools":[{"type":"function","function":{"name":"get"}},{"type":"function","function":{"name":"put"}}],
      "response_format":{"type":"json_schema","json_schema":{"name":"order"}}})");
  EXPECT_EQ(chat.system, "You route.");
  EXPECT_EQ(chat.prompt, "hi");
  EXPECT_EQ(chat.tools, (std::vector<std::string>{"get", "put"}));
  EXPECT_EQ(chat.output, "json_schema:order");
  const auto responses = scan(R"({"instructions":"You route.","input":"hi","tools":[{"type":"function","name":"get"}],
      "text":{"format":{"type":"json_schema","name":"order"}}})");
  EXPECT_EQ(responses.system, "You route.");
  EXPECT_EQ(responses.prompt, "hi");
  EXPECT_EQ(responses.tools, (std::vector<std::string>{"get"}));
  EXPECT_EQ(responses.output, "json_schema:order");
  const auto messages = scan(R"({"system":[{"type":"text","text":"You route."}],
      "messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"tools":[{"name":"get","input_schema":{}}]})");
  EXPECT_EQ(messages.system, "You route.");
  EXPECT_EQ(messages.prompt, "hi");
  EXPECT_EQ(messages.tools, (std::vector<std::string>{"get"}));
  EXPECT_EQ(messages.output, "text");
  EXPECT_EQ(scan(R"({"prompt":"hi"})").prompt, "hi");
  EXPECT_TRUE(scan(R"({"messages":[{"role":"user","content":"hi"}],"tools":[{"name":"get"}]})", false).prompt.empty());
  EXPECT_TRUE(scan(R"({"messages":7,"tools":{"name":1},"response_format":[],"text":3,"input":{}})").tools.empty());
}

TEST(LabelRule, AsksForToolsOutputAndWhatIsNotThere) {
  const std::string body = R"({"model":"m","messages":[{"role":"user","content":"Translate into French: hi"}],
      "tools":[{"name":"get"},{"name":"put"}],"response_format":{"type":"json_object"}})";
  const auto request = scan(body);
  const auto takes = [&](const LabelRule& rule) { return fits(rule, "/v1/chat/completions", request); };
  EXPECT_TRUE(takes({.tools = {"put", "get"}}));
  EXPECT_TRUE(takes({.tools = {"get", "*"}}));
  EXPECT_TRUE(takes({.tools = {"*"}}));
  EXPECT_FALSE(takes({.tools = {"get"}}));
  EXPECT_FALSE(takes({.tools = {"get", "put", "post"}}));
  EXPECT_TRUE(takes({.prompt = "Translate into *: *"}));
  EXPECT_FALSE(takes({.prompt = "Translate"}));
  EXPECT_TRUE(takes({.output = "json_object"}));
  EXPECT_FALSE(takes({.output = "text"}));
  EXPECT_TRUE(takes({.without_system = true}));
  EXPECT_FALSE(takes({.without_tools = true}));
  EXPECT_FALSE(fits({.without_system = true}, "", scan(R"({"messages":[]})")));  // says nothing at all
  EXPECT_FALSE(fits({.path = "/v1/*"}, "", request));
}

TEST(LabelRule, IsTheSameFromJson) {
  const std::vector<LabelRule> rules{{.path = "/v1/*",
                                      .model = "gpt*",
                                      .system = "You \"route\"\n*",
                                      .prompt = "p",
                                      .tools = {"a", "*"},
                                      .output = "text",
                                      .without_system = true,
                                      .without_tools = true,
                                      .workload = "w",
                                      .client = "c"},
                                     {.workload = "v"}};
  const auto read = parse_label_rules(to_json(rules));
  ASSERT_TRUE(read.ok()) << read.error();
  EXPECT_EQ(*read, rules);
  for (const char* bad :
       {"", "[]", "{}", R"({"rules":[{}]})", R"({"rules":[{"workload":1}]})",
        R"({"rules":[{"workload":"w","tool":["a"]}]})", R"({"rules":[{"workload":"w","tools":[1]}]})"}) {
    EXPECT_FALSE(parse_label_rules(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace fw::capture

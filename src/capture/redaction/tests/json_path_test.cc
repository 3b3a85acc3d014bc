#include "capture/redaction/impl/json_path.h"

#include <gtest/gtest.h>

namespace fw::capture {
namespace {

using Steps = std::vector<JsonPath::Step>;

JsonPath::Step name(std::string_view text) { return {.name = text, .index = std::nullopt}; }
JsonPath::Step at(std::size_t index) { return {.name = "", .index = index}; }

bool matches(std::string_view path, const Steps& steps) {
  const auto parsed = JsonPath::parse(path);
  return parsed.ok() && parsed->matches(steps);
}

TEST(JsonPath, NamesIndexesAndWildcardsAreSteps) {
  const Steps content{name("request"), name("messages"), at(2), name("content")};
  EXPECT_TRUE(matches("$.request.messages[2].content", content));
  EXPECT_TRUE(matches("$.request.messages[*].content", content));
  EXPECT_TRUE(matches("$['request'].*[2][\"content\"]", content));
  EXPECT_FALSE(matches("$.request.messages[1].content", content));
  EXPECT_FALSE(matches("$.request.messages", content));
  EXPECT_FALSE(matches("$.request.messages[2].content.x", content));
  EXPECT_FALSE(matches("$.request.2", {name("request"), at(2)}));
}

TEST(JsonPath, TwoDotsAreAnyDepth) {
  EXPECT_TRUE(matches("$..password", {name("password")}));
  EXPECT_TRUE(matches("$..password", {name("a"), at(0), name("password")}));
  EXPECT_TRUE(matches("$.a..b.c", {name("a"), name("b"), name("x"), name("b"), name("c")}));
  EXPECT_FALSE(matches("$..password", {name("password"), name("x")}));
  EXPECT_TRUE(matches("$..[0]", {name("a"), at(0)}));
}

TEST(JsonPath, WhatIsNoPathIsSaid) {
  for (const char* path : {"", "a.b", "$", "$.", "$.a[", "$.a[x]", "$a", "$.a[1:2]", "$..a..b..c..d..e"}) {
    EXPECT_FALSE(JsonPath::parse(path).ok()) << path;
  }
}

}  // namespace
}  // namespace fw::capture

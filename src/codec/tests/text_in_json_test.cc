#include "codec/text_in_json.h"

#include <gtest/gtest.h>

namespace fw::codec {
namespace {

bool stands(const std::string& value, std::string_view json) { return TextInJson(value).is_in(json); }

TEST(TextInJson, IsFoundHoweverTheJsonSpellsIt) {
  EXPECT_TRUE(stands("René", R"({"messages":[{"content":"of Ren\u00e9 D."}]})"));
  EXPECT_TRUE(stands("a/b", R"(["x", {"y": "a\/b"}])"));
  EXPECT_TRUE(stands("key", R"({"my key": 1})"));
  EXPECT_TRUE(stands("4711", R"({"order": 471100})"));
}

TEST(TextInJson, IsNotFoundAcrossValuesOrInTheirPunctuation) {
  EXPECT_FALSE(stands("ab", R"(["a","b"])"));
  EXPECT_FALSE(stands("\":", R"({"a":"b"})"));
  EXPECT_FALSE(stands("true", R"({"a":true})"));
}

TEST(TextInJson, WhatIsNoJsonIsSearchedAsItIs) {
  EXPECT_TRUE(stands("ada@example.com", R"({"of": "ada@example.com)"));
  EXPECT_TRUE(stands("x", "not x"));
  EXPECT_FALSE(stands("é", R"({"of": "\u00e9)"));
  EXPECT_FALSE(stands("x", ""));
}

}  // namespace
}  // namespace fw::codec

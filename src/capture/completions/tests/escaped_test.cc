#include "capture/completions/impl/escaped.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fw::capture {
namespace {

TEST(Escaped, IsTheInsideThatAParserReadsBack) {
  std::string text = "quote \" backslash \\ line\nfeed\ttab \x01 \x7F é 🙂";
  text += '\0';
  EXPECT_EQ(nlohmann::json::parse('"' + escaped(text) + '"'), text);
  EXPECT_EQ(unescaped(escaped(text)), text);
}

TEST(Escaped, EveryEscapeIsReadAsAParserReadsIt) {
  const std::string inside = R"(\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\ude42 end)";
  EXPECT_TRUE(has_valid_escapes(inside));
  EXPECT_EQ(unescaped(inside), nlohmann::json::parse('"' + inside + '"').get<std::string>());
}

TEST(Escaped, WrongEscapesAreSeen) {
  for (const char* inside : {R"(\)", R"(\q)", R"(\u12)", R"(\u12g4)", R"(ok \\\)"}) {
    EXPECT_FALSE(has_valid_escapes(inside)) << inside;
  }
}

TEST(Escaped, HalfAPairBecomesTheReplacementCharacterAndAWholeOneStays) {
  EXPECT_EQ(with_whole_surrogates(R"(a\ud83db\ude42c\ud83d\ude42)"), R"(a\ufffdb\ufffdc\ud83d\ude42)");
  EXPECT_EQ(with_whole_surrogates(R"(\\ud83d)"), R"(\\ud83d)");
  EXPECT_EQ(unescaped(R"(\ud83d!)"), "\xEF\xBF\xBD!");
}

TEST(Escaped, WholeJsonIsOneValueOfBoundedDepth) {
  EXPECT_TRUE(is_whole_json(R"({"a":[1,2,{"b":null}]})"));
  EXPECT_FALSE(is_whole_json(R"({"a":1)"));
  EXPECT_FALSE(is_whole_json("1 2"));
  EXPECT_FALSE(is_whole_json(R"("\ud83d")"));
  EXPECT_FALSE(is_whole_json(std::string(100, '[') + std::string(100, ']')));
}

}  // namespace
}  // namespace fw::capture

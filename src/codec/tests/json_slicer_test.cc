#include "codec/json_slicer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fw::codec {
namespace {

using testing::ElementsAre;

std::string error_of(std::string_view text) {
  JsonSlicer slicer;
  const auto members = slicer.members(text);
  return members.ok() ? "" : members.error().message;
}

std::string nested(std::size_t depth) {
  return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
}

TEST(JsonSlicer, CutsMembersVerbatimInTheirOrder) {
  JsonSlicer slicer;
  const std::string text =
      "\t{ \"b\" : { \"x\" : [1, 2.50 , \"}\\\"\"] } , \"a\\u0062\":-1e3 ,\"\":\"t \" , \"n\":null,\"t\":true , "
      "\"l\":[ ]\n} ";
  const auto members = *slicer.members(text);
  std::vector<std::string> cut;
  for (const auto& member : members) cut.push_back(member.key + "=" + std::string(member.raw));
  EXPECT_THAT(cut,
              ElementsAre("b={ \"x\" : [1, 2.50 , \"}\\\"\"] }", "ab=-1e3", "=\"t \"", "n=null", "t=true", "l=[ ]"));
  EXPECT_EQ(members[0].kind, JsonKind::kObject);
  EXPECT_EQ(members[1].kind, JsonKind::kNumber);
  EXPECT_EQ(members[5].kind, JsonKind::kArray);
  EXPECT_EQ(members[0].raw.data(), text.data() + text.find('{', 3));
}

TEST(JsonSlicer, CutsElementsVerbatim) {
  JsonSlicer slicer;
  EXPECT_THAT(*slicer.elements(" [ {\"a\":1 } ,[ ], \"x\" ,7 ]"), ElementsAre("{\"a\":1 }", "[ ]", "\"x\"", "7"));
  EXPECT_THAT(*slicer.elements("[]"), ElementsAre());
  EXPECT_EQ(slicer.elements("{}").error().message, "not a JSON array");
}

TEST(JsonSlicer, UnescapesStrings) {
  JsonSlicer slicer;
  EXPECT_EQ(*slicer.string(R"("a\n\u00e9\ud83d\ude00")"), "a\n\xc3\xa9\xf0\x9f\x98\x80");
  EXPECT_FALSE(slicer.string("7").ok());
}

TEST(JsonSlicer, ChecksAlsoWhatItDoesNotCut) {
  for (const std::string_view text :
       {"", " ", "{", "{\"a\":tru}", "{\"a\":{\"b\":01}}", "{\"a\":[1,]}", "{\"a\":{\"b\" 1}}", "{\"a\":\"\x01\"}",
        "{\"a\":\"\\ud800\"}", "{\"a\":\"\\x\"}", "{} {}", "{\"a\":1}}", "{\"a\":1e999}", "{\"a\":nan}", "{'a':1}",
        "{\"a\":\"\xff\"}", "\xef\xbb\xbf{}"}) {
    EXPECT_NE(error_of(text), "") << text;
  }
  EXPECT_EQ(error_of("[1]"), "not a JSON object");
  EXPECT_EQ(error_of("{\"a\":\"\xff\"}"), "not valid UTF-8");
}

TEST(JsonSlicer, AllowsIntegersBeyond64Bits) {
  EXPECT_EQ(error_of("{\"maximum\":18446744073709551616,\"b\":-99999999999999999999}"), "");
  EXPECT_EQ(error_of("{\"a\":18446744073709551616,\"b\":01}"),
            "not valid JSON: a number that is malformed or too large");
  EXPECT_EQ(error_of("{\"n\":18446744073709551616," + nested(200).substr(1)), "JSON nested too deeply");
}

TEST(JsonSlicer, LimitsDepthElementsAndBytes) {
  EXPECT_EQ(error_of(nested(127)), "");
  EXPECT_EQ(error_of(nested(200)), "JSON nested too deeply");
  EXPECT_NE(error_of(std::string(1 << 20, '[')), "");
  JsonSlicer slicer({.bytes = 100, .depth = 10, .elements = 3});
  EXPECT_TRUE(slicer.elements("[1,2,3]").ok());
  EXPECT_EQ(slicer.elements("[1,2,3,4]").error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(slicer.members("{\"a\":1,\"b\":1,\"c\":1,\"d\":1}").error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(slicer.members("{\"a\":\"" + std::string(100, 'x') + "\"}").error().code, ErrorCode::kTooLarge);
}

TEST(JsonSlicer, RefusesAKeyThatOccursTwiceHoweverItIsWritten) {
  EXPECT_EQ(error_of("{\"a\":1,\"b\":2,\"\\u0061\":3}"), "a JSON object with a key twice");
  EXPECT_EQ(error_of("{\"x\":{\"a\":1,\"a\":2}}"), "");
}

TEST(JsonSlicer, WorksOnAfterErrorsAndAfterALongText) {
  JsonSlicer slicer;
  const std::string text = "{\"a\":\"" + std::string(6 << 20, 'x') + "\"}";
  EXPECT_EQ(slicer.members(text)->at(0).raw.size(), (6U << 20) + 2);
  EXPECT_FALSE(slicer.members("{\"a\"").ok());
  EXPECT_EQ(slicer.members("{\"a\":1}")->at(0).raw, "1");
}

}  // namespace
}  // namespace fw::codec

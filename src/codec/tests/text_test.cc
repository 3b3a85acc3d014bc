#include <gtest/gtest.h>

#include "codec/base64.h"
#include "codec/byte_source.h"
#include "codec/utf8.h"

namespace fw::codec {
namespace {

TEST(Base64, MatchesTheVectorsOfTheRfc) {
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foo"), "Zm9v");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64_encode(std::string_view("\xff\xfe\x00", 3)), "//4A");
}

TEST(Base64, DecodesOnlyWhatItEncodes) {
  for (const std::string_view bytes : {"", "f", "fo", "foo", "\xff\xfe"}) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
  }
  for (const std::string_view text : {"Zg", "Zg=", "Zh==", "Z", "Zm9v!", "===="}) {
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
  }
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndHalves) {
  EXPECT_TRUE(is_valid_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
  EXPECT_FALSE(is_valid_utf8("\xc0\xaf"));
  EXPECT_FALSE(is_valid_utf8("\xed\xa0\x80"));
  EXPECT_FALSE(is_valid_utf8("\xf0\x9f\x98"));
}

TEST(PeekedSource, GivesWhatWasPeekedAndThenTheRest) {
  for (const std::size_t piece : {1U, 3U, 100U}) {
    StringSource text("abcdef", piece);
    PeekedSource source(text);
    EXPECT_EQ(source.peek(4), "abcd");
    std::string out;
    char c = 0;
    while (*source.read(std::span(&c, 1)) > 0) out.push_back(c);
    EXPECT_EQ(out, "abcdef");
  }
  StringSource text("ab");
  PeekedSource source(text);
  EXPECT_EQ(source.peek(4), "ab");
}

TEST(Utf8Prefix, CutsNoCharacter) {
  EXPECT_EQ(utf8_prefix("caf\xC3\xA9", 5), "caf\xC3\xA9");
  EXPECT_EQ(utf8_prefix("caf\xC3\xA9", 4), "caf");
  EXPECT_EQ(utf8_prefix("\xF0\x9F\x98\x80x", 3), "");
  EXPECT_EQ(utf8_prefix("abc", 2), "ab");
  EXPECT_EQ(utf8_prefix("\x80\x80\x80", 1), "");  // no text: nothing to keep whole
}

}  // namespace
}  // namespace fw::codec

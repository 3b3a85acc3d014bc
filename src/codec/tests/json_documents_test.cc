#include "codec/json_documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fw::codec {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Every document as `line:bytes`, with `#length` where it is cut, and the error's message at the end.
std::vector<std::string> read(std::string_view text, std::size_t limit = 1000, std::size_t piece = SIZE_MAX) {
  StringSource source(text, piece);
  JsonDocumentReader reader(source, limit);
  std::vector<std::string> out;
  while (true) {
    const auto document = reader.next();
    if (!document.ok()) {
      out.push_back("error: " + document.error().message.substr(0, 30));
      return out;
    }
    if (!*document) return out;
    const JsonDocument& d = **document;
    out.push_back(std::to_string(d.line) + ":" + std::string(d.bytes) +
                  (d.is_cut() ? "#" + std::to_string(d.length) : ""));
  }
}

TEST(JsonDocuments, LinesMayEndInAnyWay) {
  const auto expected = ElementsAre("1:{\"a\":1}", "2:{\"a\":2}", "3:{\"a\":3}");
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    const std::string text = R"({"a":1})" + end + R"({"a":2})" + end + R"({"a":3})";
    for (const std::size_t piece : {1U, 3U, 1000U}) {
      EXPECT_THAT(read(text, 1000, piece), expected);
      EXPECT_THAT(read(text + end, 1000, piece), expected);
    }
  }
}

TEST(JsonDocuments, MarksZerosAndEmptyLinesBetweenDocumentsDoNotMatter) {
  EXPECT_THAT(read("\xef\xbb\xbf{\"a\":1}\n\n \t\xef\xbb\xbf{\"a\":2}\xef\xbb\xbf{\"a\":3}\n\x1e{\"a\":4}\n" +
                   std::string(100, '\0') + "{\"a\":5}"),
              ElementsAre("1:{\"a\":1}", "3:{\"a\":2}", "3:{\"a\":3}", "4:{\"a\":4}", "5:{\"a\":5}"));
  EXPECT_THAT(read(""), IsEmpty());
  EXPECT_THAT(read(" \r\n\n"), IsEmpty());
}

TEST(JsonDocuments, LineSeparatorsOfUnicodeStandBetweenDocumentsToo) {
  for (const std::string end : {"\xe2\x80\xa8", "\xe2\x80\xa9", "\xc2\x85", "\v", "\f"}) {
    for (const std::size_t piece : {1U, 1000U}) {
      EXPECT_THAT(read("{\"a\":1}" + end + "{\"a\":2}\n" + end + "{\"a\":3}" + end, 1000, piece),
                  ElementsAre("1:{\"a\":1}", "1:{\"a\":2}", "2:{\"a\":3}"));
    }
  }
}

TEST(JsonDocuments, LineSeparatorsOfUnicodeInStringsEndNoLine) {
  EXPECT_THAT(read("{\"a\":\"x\xe2\x80\xa8y\xc2\x85z\"}\n{}"),
              ElementsAre("1:{\"a\":\"x\xe2\x80\xa8y\xc2\x85z\"}", "2:{}"));
}

TEST(JsonDocuments, BracketsAndQuotesWithinStringsAreText) {
  EXPECT_THAT(read(R"({"a":"}{\"\\"}{"b":"\\\"]"})"), ElementsAre(R"(1:{"a":"}{\"\\"})", R"(1:{"b":"\\\"]"})"));
}

TEST(JsonDocuments, TheElementsOfArraysAreDocuments) {
  const std::string text = "[ {\"a\":[1,{}]} ,\n  {\n    \"b\": 2\n  },{}\n]\n[{\"c\":3}]\n[]\n{\"d\":4}";
  for (const std::size_t piece : {1U, 1000U}) {
    EXPECT_THAT(read(text, 1000, piece),
                ElementsAre("1:{\"a\":[1,{}]}", "2:{\n    \"b\": 2\n  }", "4:{}", "6:{\"c\":3}", "8:{\"d\":4}"));
  }
}

TEST(JsonDocuments, AnArrayWithoutItsEndIsAnIncompleteFile) {
  EXPECT_THAT(read("[{\"a\":1},\n"), ElementsAre("1:{\"a\":1}", "error: the JSON array is not closed; "));
  EXPECT_THAT(read("[{\"a\":1},\n{\"a\":"), ElementsAre("1:{\"a\":1}", "error: the record that begins in line"));
}

TEST(JsonDocuments, ObjectsMaySpreadOverLinesWithoutAnArray) {
  EXPECT_THAT(read("{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}"), ElementsAre("1:{\n  \"a\": 1\n}", "4:{\n  \"a\": 2\n}"));
}

TEST(JsonDocuments, ABrokenLineCostsOnlyItself) {
  const std::string good = R"({"a":"x"})";
  for (std::size_t size = 1; size < good.size(); ++size) {
    const std::string half = good.substr(0, size);
    EXPECT_THAT(read(half + "\n" + good + "\n" + good), ElementsAre("1:" + half, "2:" + good, "3:" + good));
  }
  EXPECT_THAT(read("oops\n{}\n[INFO] {}\n{} tail\n{}"),
              ElementsAre("1:oops", "2:{}", "3:[INFO] {}", "4:{} tail", "5:{}"));
  for (const std::string wrong : {"{\"a\" 1}", "{\"a\":[1,2}", "{a", "{\"a\":1} tail", "{\"a\":tru?"}) {
    EXPECT_THAT(read(good + "\n" + wrong + "\n"), ElementsAre("1:" + good, "2:" + wrong));
  }
}

TEST(JsonDocuments, AStreamThatEndsWithinADocumentIsIncomplete) {
  const std::string good = R"({"a":"x"})";
  const std::string error = "error: the record that begins in line";
  for (const std::size_t piece : {1U, 1000U}) {
    for (std::size_t size = 1; size < good.size(); ++size) {
      for (const std::string end : {"", "\n", "\r\n", "\n\n \n"}) {
        EXPECT_THAT(read(good + "\n" + good.substr(0, size) + end, 1000, piece), ElementsAre("1:" + good, error));
      }
    }
    EXPECT_THAT(read("{\n  \"a\": \"x\n", 1000, piece), ElementsAre(error));
    EXPECT_THAT(read("{\n  \"a\": 1\n}\n{\n  \"a\": 2,\n", 1000, piece), ElementsAre("1:{\n  \"a\": 1\n}", error));
  }
  EXPECT_THAT(read(good + "\n{\"a\":\"" + std::string(5000, 'x')), ElementsAre("1:" + good, error));
  EXPECT_THAT(read("{\"a\":[1,\n" + good), ElementsAre("1:{\"a\":[1,", "2:" + good));
}

TEST(JsonDocuments, ABrokenDocumentOverLinesIsOneAndTheNextIsRead) {
  EXPECT_THAT(read("[\n  {\n    \"a\" 1\n  },\n  {\n    \"b\": [\n    ]\n  }\n]"),
              ElementsAre("2:{\n    \"a\" 1\n  },", "5:{\n    \"b\": [\n    ]\n  }"));
}

TEST(JsonDocuments, WhatIsLongerThanTheLimitIsCutAndTheNextIsRead) {
  const std::string big = "{\"a\":\"" + std::string(300'000, 'x') + "\"}";
  for (const std::size_t piece : {1000U, 1'000'000U}) {
    const auto found = read(big + "\n{\"b\":1}\n" + big + "oops" + "\n{\"c\":1}", 100, piece);
    ASSERT_EQ(found.size(), 5U);
    EXPECT_EQ(found[0], "1:" + big.substr(0, 100) + "#" + std::to_string(big.size()));
    EXPECT_EQ(found[1], "2:{\"b\":1}");
    EXPECT_EQ(found[3], "3:oops");
    EXPECT_EQ(found[4], "4:{\"c\":1}");
  }
}

TEST(JsonDocuments, WhatIsLongIsTheSameInWhateverPiecesItComes) {
  const std::vector<std::string> texts{
      "no JSON, with space behind it" + std::string(30, ' ') + "\n{}",  // cut, and as long as it is without the space
      R"({"a key that goes on":1,)"
      "\n  x\n  y\n}\n{}",  // broken after the limit, over lines
      R"({"a key that goes on":1} and more)"
      "\n{}",  // whole, with more behind it
  };
  for (const std::string& text : texts) {
    const auto whole = read(text, 10);
    EXPECT_EQ(whole.back().substr(1), ":{}") << text;
    for (const std::size_t piece : {1U, 7U}) EXPECT_EQ(read(text, 10, piece), whole) << text;
  }
}

/// A stream of many overlong lines that is nowhere in memory.
class LongLines final : public ByteSource {
 public:
  explicit LongLines(std::size_t lines) : left_(lines * kLine) {}
  Result<std::size_t> read(std::span<char> into) override {
    const std::size_t count = std::min(into.size(), left_);
    for (std::size_t i = 0; i < count; ++i, --left_) {
      const std::size_t at = kLine - 1 - (left_ - 1) % kLine;
      into[i] = at == 0 ? '{' : at == 1 ? '"' : at == kLine - 1 ? '\n' : 'x';
    }
    largest = std::max(largest, into.size());
    return count;
  }
  std::size_t largest = 0;

 private:
  static constexpr std::size_t kLine = 3 << 20;
  std::size_t left_;
};

TEST(JsonDocuments, ManyOverlongLinesTakeTheMemoryOfOne) {
  LongLines source(60);
  JsonDocumentReader reader(source, 1 << 20);
  std::size_t lines = 0;
  while (true) {
    const auto document = reader.next();
    ASSERT_TRUE(document.ok());
    if (!*document) break;
    EXPECT_TRUE((*document)->is_cut());
    ++lines;
  }
  EXPECT_EQ(lines, 60U);
  EXPECT_LE(source.largest, std::size_t{2} << 20);  // free room of the buffer, which grows to it
}

class FailingSource final : public ByteSource {
 public:
  Result<std::size_t> read(std::span<char> into) override {
    if (is_read_) return data_loss("broken");
    is_read_ = true;
    return StringSource("{\"a\":1}\n{\"b\":").read(into);
  }

 private:
  bool is_read_ = false;
};

TEST(JsonDocuments, PassesTheSourcesErrorOnAfterTheWholeDocuments) {
  FailingSource source;
  JsonDocumentReader reader(source, 100);
  EXPECT_EQ((*reader.next())->bytes, "{\"a\":1}");
  EXPECT_EQ(reader.next().error().message, "broken");
}

}  // namespace
}  // namespace fw::codec

#include "capture/files/impl/sniff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fw::capture {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

std::string why(const std::string& bytes) { return why_not_json(bytes).value_or(""); }

std::string wide(const std::string& text, std::size_t width, std::size_t at) {
  std::string out;
  for (const char c : text) {
    std::string unit(width, '\0');
    unit[at] = c;
    out += unit;
  }
  return out;
}

TEST(Sniff, NamesWhatIsNotJsonAndTheWayOut) {
  EXPECT_THAT(why("PAR1\x15\x04"), HasSubstr("Parquet file; export it as JSON lines"));
  EXPECT_THAT(why("version https://git-lfs.github.com/spec/v1\noid sha256:x\nsize 1\n"), HasSubstr("git lfs pull"));
  EXPECT_THAT(why("PK\x03\x04\x14"), HasSubstr("ZIP archive"));
  EXPECT_THAT(why("PK\x03\x04\x14 xl/workbook.xml"), HasSubstr("Excel workbook"));
  EXPECT_THAT(why("PK\x03\x04\x14 word/document.xml [Content_Types].xml"), HasSubstr("Office file"));
  EXPECT_THAT(why("PK\x03\x04\x14 arr_0.npy"), HasSubstr("NumPy"));
  EXPECT_THAT(why("SQLite format 3\0\x10"s), HasSubstr("SQLite database"));
  EXPECT_THAT(why("Obj\x01\x04"), HasSubstr("Avro"));
  EXPECT_THAT(why("x\x9c\x01\x02"), HasSubstr("zlib"));
  EXPECT_THAT(why(std::string(257, 'a') + "ustar\0"s), HasSubstr("tar archive"));
  EXPECT_THAT(why("\n<!DOCTYPE HTML><html><head>"), HasSubstr("HTML page"));
  EXPECT_THAT(why("<HTML>"), HasSubstr("HTML page"));
  EXPECT_THAT(why("<?xml version=\"1.0\"?><Error>"), HasSubstr("XML"));
  EXPECT_THAT(why("id,timestamp,request\n1,2,\"{}\"\n"), HasSubstr("CSV"));
  EXPECT_THAT(why("id\tprompt\tcompletion\n"), HasSubstr("TSV"));
  EXPECT_THAT(why("{'messages': [{'role': 'user'}]}\n"), HasSubstr("single quotes"));
  EXPECT_THAT(why("data: {\"id\":1}\n\n"), HasSubstr("server-sent events"));
  EXPECT_THAT(why("<head><title>302 Found</title></head>"), HasSubstr("HTML page"));
  EXPECT_THAT(why("<ListBucketResult><Name>b</Name></ListBucketResult>"), HasSubstr("XML"));
  EXPECT_THAT(why("id;input;output\n1;a;b\n"), HasSubstr("CSV"));
  EXPECT_THAT(why("- request: {}\n  response: {}\n"), HasSubstr("YAML"));
  EXPECT_THAT(why("\x5d\0\0\x80\0"s), HasSubstr("LZMA"));
  EXPECT_THAT(why("\x80\x04\x95\x10"), HasSubstr("pickle"));
  EXPECT_THAT(why("\x89PNG\r\n\x1a\n"), HasSubstr("picture"));
  std::string noise;
  for (int i = 0; i < 200; ++i) noise += static_cast<char>(i * 37 + 200);
  EXPECT_THAT(why(noise), HasSubstr("binary data"));
}

TEST(Sniff, NamesWideTextWithAndWithoutItsMark) {
  const std::string text = R"({"timestamp":1700000000})";
  EXPECT_THAT(why("\xff\xfe" + wide(text, 2, 0)), HasSubstr("UTF-16"));
  EXPECT_THAT(why(wide(text, 2, 0)), HasSubstr("iconv -f UTF-16LE"));
  EXPECT_THAT(why(wide(text, 2, 1)), HasSubstr("iconv -f UTF-16BE"));
  EXPECT_THAT(why(wide("{}", 2, 0)), HasSubstr("UTF-16LE"));
  EXPECT_THAT(why(wide("[\"", 2, 1) + std::string(300, '\x4e')), HasSubstr("UTF-16BE"));
  EXPECT_THAT(why(wide(text, 4, 0)), HasSubstr("UTF-32"));
  EXPECT_THAT(why(wide(text, 4, 3)), HasSubstr("UTF-32"));
}

TEST(Sniff, LeavesEverythingThatMayHoldDocuments) {
  for (const std::string& text :
       {""s, "{"s, "[{\"a\":1}]"s, "\xef\xbb\xbf{\"a\":1}"s, "oops\n{\"a\":1}"s, "{\"content\":\"<html><body>\"}"s,
        "[INFO] started, id 7\n{\"a\":1}"s, std::string(2000, '\0') + "{\"a\":1}", "\0{\"a\":1}"s, "\x1e{\"a\":1}"s,
        "- {\"a\":1}"s, "\x1b]0;title\x07 oops"s}) {
    EXPECT_EQ(why(text), "") << text;
  }
}

TEST(Sniff, NamesEventStreamsHoweverTheyBegin) {
  for (const char* text :
       {"data:{\"id\":1}\n\n", "event:x\ndata: {}\n\n", ": keep-alive\n\ndata: {}\n\n", "id: 1\ndata: {}\n\n"})
    EXPECT_THAT(why_not_json(text).value_or(""), testing::HasSubstr("server-sent events")) << text;
}

}  // namespace
}  // namespace fw::capture

#include "capture/timestamp.h"

#include <gtest/gtest.h>

namespace fw::capture {
namespace {

using namespace std::chrono_literals;

const Timestamp kTime = from_epoch_seconds(1'700'000'000);  // 2023-11-14T22:13:20Z

TEST(ParseTimestamp, ReadsEpochNumbersInTheUnitOfTheirSize) {
  EXPECT_EQ(parse_timestamp("1700000000"), kTime);
  EXPECT_EQ(parse_timestamp("1700000000123"), kTime + 123ms);
  EXPECT_EQ(parse_timestamp("1700000000123456"), kTime + 123'456us);
  EXPECT_EQ(parse_timestamp("1700000000123456789"), kTime + 123'456'789ns);
  EXPECT_EQ(parse_timestamp("99999999999"), std::nullopt);  // the year 5138: in seconds beyond 2262
  EXPECT_EQ(parse_timestamp("0"), from_epoch_seconds(0));
}

TEST(ParseTimestamp, ReadsFractionsToTheMicrosecond) {
  EXPECT_EQ(parse_timestamp("1700000000.5"), kTime + 500ms);
  EXPECT_EQ(parse_timestamp("1700000000.123457"), kTime + 123'457us);
  EXPECT_EQ(parse_timestamp("1.7e9"), kTime);
  EXPECT_EQ(parse_timestamp("1700000000123.0"), kTime + 123ms);
}

TEST(ParseTimestamp, ReadsSecondsWithNineDigitsBehindThePointToTheNanosecond) {
  EXPECT_EQ(parse_timestamp("1700000000.123456789"), kTime + 123'456'789ns);
  EXPECT_EQ(parse_timestamp("0.000000001"), Timestamp(1ns));
  EXPECT_EQ(parse_timestamp("1700000000.1234567891"), kTime + 123'457us);
  EXPECT_EQ(parse_timestamp("1700000000123.000000000"), kTime + 123ms);
  EXPECT_EQ(parse_timestamp("9999999999.123456789"), std::nullopt);
  for (const char* text : {"-1.123456789", "1.-23456789", ".123456789", "1.1234x6789"}) {
    EXPECT_EQ(parse_timestamp(text), text[0] == '.' ? parse_timestamp("0.123457") : std::nullopt) << text;
  }
}

TEST(ParseTimestamp, ReadsIso8601) {
  for (const char* text :
       {"2023-11-14T22:13:20", "2023-11-14T22:13:20Z", "2023-11-14 22:13:20z", "2023-11-14T22:13:20.000+00:00",
        "2023-11-15T00:13:20+02:00", "2023-11-14T17:43:20-0430", "2023-11-14T23:13:20+01"}) {
    EXPECT_EQ(parse_timestamp(text), kTime) << text;
  }
  EXPECT_EQ(parse_timestamp("2023-11-14T22:13:20.123456789123Z"), kTime + 123'456'789ns);
  EXPECT_EQ(parse_timestamp("2023-11-14"), kTime - 22h - 13min - 20s);
}

TEST(ParseTimestamp, ReadsTheRarerFormsOfIso8601) {
  for (const char* text :
       {"20231114T221320Z", "20231114T221320", "2023-W46-2T22:13:20Z", "2023W462T221320Z", "2023-318T22:13:20Z",
        "2023318T221320Z", "2023-11-14T22:13:20,0Z", "2023-11-14T22:13:20 +0000 UTC", "2023-11-14 22:13:20 UTC",
        "2023-11-14T17:13:20\xe2\x88\x92"
        "05:00",
        "2023-11-14t22:13:20z", "2023/11/14 22:13:20", " 1700000000 "}) {
    EXPECT_EQ(parse_timestamp(text), kTime) << text;
  }
  EXPECT_EQ(parse_timestamp("2023-11-14T22:13Z"), kTime - 20s);
  EXPECT_EQ(parse_timestamp("2023-11-14T22Z"), kTime - 13min - 20s);
  EXPECT_EQ(parse_timestamp("2023-11-14T22.5Z"), kTime + 16min + 40s);
  EXPECT_EQ(parse_timestamp("2023-11-14T24:00:00Z"), parse_timestamp("2023-11-15"));
  EXPECT_EQ(parse_timestamp("20231114"), parse_timestamp("2023-11-14"));
  EXPECT_EQ(parse_timestamp("2023-11"), parse_timestamp("2023-11-01"));
  EXPECT_EQ(parse_timestamp("2020-W53-7"), parse_timestamp("2021-01-03"));
}

TEST(ParseTimestamp, RefusesEverythingElse) {
  for (const char* text : {"",
                           "-1",
                           "-1e3",
                           "1e30",
                           "nan",
                           "inf",
                           "yesterday",
                           "2023-02-30",
                           "2023-11-14T",
                           "2023-11-14T22:60:00",
                           "2023-11-14T22:13:20.",
                           "2023-11-14T22:13:20+1",
                           "2023-11-14T22:13:20+25:00",
                           "2023-11-14T22:13:20Zx",
                           "0000-01-01",
                           "9999-12-31T00:00:00Z",
                           "1969-12-31T23:59:59Z",
                           "9223372036854775808",
                           "9223372036854775807",
                           "9223372035",
                           "9223372035000",
                           "2262-04-11T23:47:15Z",
                           "2023-W54-1",
                           "2023-366",
                           "2023-11-14T24:00:01",
                           "2023-11-14T22:13:20 PM",
                           "0x10"}) {
    EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
  }
}

TEST(ParseTimestamp, AfterTheLastTimeThereIsRoomForThePartOfASecond) {
  for (const char* text : {"9223372034999999999", "9223372034.999999999", "2262-04-11T23:47:14.999999999Z"}) {
    const auto last = parse_timestamp(text);
    ASSERT_TRUE(last.has_value()) << text;
    EXPECT_EQ(*last, kLastTime - 1ns);
    EXPECT_GT(*last + 1s, *last);
  }
}

}  // namespace
}  // namespace fw::capture

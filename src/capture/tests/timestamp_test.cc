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

TEST(ParseTimestamp, ReadsIso8601) {
  for (const char* text :
       {"2023-11-14T22:13:20", "2023-11-14T22:13:20Z", "2023-11-14 22:13:20z", "2023-11-14T22:13:20.000+00:00",
        "2023-11-15T00:13:20+02:00", "2023-11-14T17:43:20-0430", "2023-11-14T23:13:20+01"}) {
    EXPECT_EQ(parse_timestamp(text), kTime) << text;
  }
  EXPECT_EQ(parse_timestamp("2023-11-14T22:13:20.123456789123Z"), kTime + 123'456'789ns);
  EXPECT_EQ(parse_timestamp("2023-11-14"), kTime - 22h - 13min - 20s);
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
                           "2023-11-14T24:00:00",
                           "2023-11-14T22:60:00",
                           "2023-11-14T22:13",
                           "2023-11-14T22:13:20.",
                           "2023-11-14T22:13:20+1",
                           "2023-11-14T22:13:20+25:00",
                           "2023-11-14T22:13:20Zx",
                           "0000-01-01",
                           "9999-12-31T00:00:00Z",
                           "1969-12-31T23:59:59Z",
                           "1700000000 ",
                           "9223372036854775808",
                           "0x10"}) {
    EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace fw::capture

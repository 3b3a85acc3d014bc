#include "record/ids.h"

#include <gtest/gtest.h>

namespace fw::record {
namespace {

TEST(Ids, NoOtherTextThanANameIsEverInOne) {
  EXPECT_EQ(*WorkloadId::parse("caf\xc3\xa9 router/1").value(), "caf\xc3\xa9 router/1");
  EXPECT_EQ(RecordId::parse(std::string(128, 'x'))->value().size(), 128U);
  for (const std::string& text : {std::string(), std::string("\xff"), std::string("a\nb"), std::string("a\0b", 3),
                                  std::string("\x7f"), std::string("\xed\xa0\x80"), std::string(257, 'x')}) {
    EXPECT_EQ(WorkloadId::parse(text).error().message,
              "is not a string of 1 to 256 bytes of UTF-8 without control characters");
    if (!text.empty()) EXPECT_THROW(WorkloadId{text}, std::invalid_argument);
  }
  EXPECT_FALSE(RecordId::parse(std::string(129, 'x')).ok());
}

TEST(Ids, WhatAnOlderVersionStoredIsMadeSafe) {
  EXPECT_EQ(*WorkloadId::from_stored("good"), "good");
  EXPECT_EQ(*WorkloadId::from_stored("a\xff\n"), "a??");
  EXPECT_EQ(*RecordId::from_stored(std::string(127, 'x') + "\xc3\xa9"), std::string(127, 'x'));
}

}  // namespace
}  // namespace fw::record

#include "record/ids.h"

#include <gtest/gtest.h>

#include "record/provenance_names.h"
#include "record/record_id.h"

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

TEST(LiveId, TwoOfOneMomentAreTwoAndAllAreInTheOrderOfTime) {
  const Timestamp now = from_epoch_seconds(1'700'000'000);
  const RecordId one = live_id(now);
  const RecordId other = live_id(now);
  EXPECT_NE(one, other);
  EXPECT_LT(std::max(one, other), live_id(now + std::chrono::milliseconds(1)));
  EXPECT_EQ(one->size(), 32U);
  EXPECT_EQ(one->substr(0, 12), "018bcfe56800");
  EXPECT_EQ(live_id(Timestamp::min())->size(), 32U);
}

TEST(ProvenanceNames, ReadBackAsTheirValues) {
  for (const auto origin : {Origin::kFile, Origin::kUpload, Origin::kGateway, Origin::kBulk, Origin::kOtlp}) {
    EXPECT_EQ(parse_origin(to_string(origin)), origin);
  }
  for (const auto ending : {Ending::kFinished, Ending::kClientGone, Ending::kUpstreamDied, Ending::kRefused,
                            Ending::kArgumentsIncomplete}) {
    EXPECT_EQ(parse_ending(to_string(ending)), ending);
  }
  EXPECT_FALSE(parse_origin("moon"));
  EXPECT_EQ(to_string(Ending::kClientGone), "client_gone");
}

}  // namespace
}  // namespace fw::record

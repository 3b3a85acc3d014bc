#include "logstore/rocksdb/impl/layout.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/random.h"
#include "logstore/rocksdb/impl/series.h"

namespace fw::logstore::layout {
namespace {

Location example() {
  return {record::WorkloadId("router"), record::ClientId("demo"), from_epoch_seconds(1'700'000'000),
          record::RecordId("0f3a")};
}

TEST(Layout, KeysAreThoseOfTheFormatPage) {
  EXPECT_EQ(to_hex(record_key(example())), "726f757465720064656d6f0097979cfe362a000030663361");
  EXPECT_EQ(to_hex(index_key(Index::kTime, example())), "7497979cfe362a000030663361");
  EXPECT_EQ(to_hex(index_value(Index::kTime, example())), "726f757465720064656d6f00");
  EXPECT_EQ(to_hex(index_key(Index::kClient, example())), "6364656d6f0097979cfe362a000030663361");
  EXPECT_EQ(to_hex(count_key(example().workload, example().client)), "6e726f757465720064656d6f00");
  EXPECT_EQ(to_hex(count_value(2)), "0000000000000002");
}

TEST(Layout, EveryKeyReadsBackAsItsLocation) {
  EXPECT_EQ(*parse_record_key(record_key(example())), example());
  EXPECT_EQ(parse_id_value(example().id, id_value(example()))->location, example());
  for (const Index index : {Index::kTime, Index::kWorkload, Index::kClient}) {
    EXPECT_EQ(*parse_index_entry(index_key(index, example()), index_value(index, example())), example());
  }
}

TEST(Layout, ASeriesIsWhatStandsBeforeTheTimeOfAKey) {
  using std::string_literals::operator""s;
  EXPECT_EQ(series_of_record_key(record_key(example())), "router\0demo\0"s);
  EXPECT_EQ(series_of_index_key(index_key(Index::kTime, example())), "t");
  EXPECT_EQ(series_of_index_key(index_key(Index::kWorkload, example())), "wrouter\0"s);
  EXPECT_EQ(series_of_index_key(index_key(Index::kClient, example())), "cdemo\0"s);
  for (const std::string_view other : {"version", "r", "w"}) {
    EXPECT_EQ(series_of_record_key(other), other);
    EXPECT_EQ(series_of_index_key(other), other);
  }
}

constexpr Kind kGone{record::Origin::kGateway, record::Ending::kClientGone};

TEST(Layout, AKindThatIsNotTheDefaultStandsWithTheIdAndInACountOfItsOwn) {
  EXPECT_EQ(to_hex(id_value(example())), "726f757465720064656d6f0097979cfe362a0000");
  EXPECT_EQ(to_hex(id_value(example(), kGone)), "726f757465720064656d6f0097979cfe362a00000201");
  EXPECT_EQ(parse_id_value(example().id, id_value(example(), kGone))->kind, kGone);
  const std::string key = kind_count_key(example().workload, example().client, kGone);
  EXPECT_EQ(to_hex(key), "6b726f757465720064656d6f000201");
  EXPECT_EQ(parse_kind_count_key(key)->kind, kGone);
}

record::Interaction with_provenance() {
  return {.request = R"({"a": 1})",
          .response = "{}",
          .provenance = {.origin = record::Origin::kGateway,
                         .ending = record::Ending::kUpstreamDied,
                         .http_status = 502,
                         .first_token = std::chrono::microseconds(-1),
                         .total = std::chrono::microseconds(7),
                         .model_asked = "a",
                         .model_answered = std::string(70'000, 'b'),
                         .route = "c",
                         .variant = "d",
                         .conversation = std::string("e\0f", 3),
                         .key = "g",
                         .tags = {{"h", "i"}, {"", ""}}}};
}

TEST(Layout, ARecordComesBackWithItsProvenance) {
  for (const auto& record : {with_provenance(), record::Interaction{.request = "{}", .response = "[]"}}) {
    record::Interaction read{.provenance = {.route = "another's"}};
    ASSERT_TRUE(parse_record_value(record_value(record), read).ok());
    EXPECT_EQ(read, record);
  }
}

TEST(Layout, ARecordOfTheFirstFormatReadsWithTheDefaults) {
  record::Interaction read{.provenance = {.route = "another's"}};
  ASSERT_TRUE(parse_record_value(std::string_view("\x01\0\0\0\x02{}[]", 9), read).ok());
  EXPECT_EQ(read, (record::Interaction{.request = "{}", .response = "[]"}));
  const record::Interaction plain{.request = "{}", .response = "[]"};
  EXPECT_EQ(record_value(plain), std::string_view("\x01\0\0\0\x02{}[]", 9));
}

TEST(Layout, FieldsOfALaterVersionArePassedOver) {
  const std::string value = record_value({.request = "{}", .response = "[]", .provenance = {.key = "k"}});
  record::Interaction read;
  ASSERT_TRUE(parse_record_value(value + std::string("Z\0\0\0\x03new", 8), read).ok());
  EXPECT_EQ(read.provenance.key, "k");
}

TEST(Layout, ARecordWhoseContentHasExpiredComesBackWithItsOutline) {
  record::Interaction expired = with_provenance();
  expired.request.clear();
  expired.response.clear();
  record::Outline outline;
  outline.expired = from_epoch_seconds(1'790'000'000);
  outline.request_bytes = 1ULL << 40;
  outline.response_bytes = 3;
  outline.messages = 2;
  outline.tools_offered = 1;
  outline.label = "a";
  outline.called = {"a", "", "b"};
  outline.finish_reason = "stop";
  outline.is_error = true;
  outline.prompt_tokens = 0;
  outline.completion_tokens = 5;
  outline.cached_tokens = 6;
  for (const auto& one : {outline, record::Outline{}}) {
    expired.outline = one;
    record::Interaction read{.request = "another's", .response = "another's"};
    ASSERT_TRUE(parse_record_value(record_value(expired), read).ok());
    EXPECT_EQ(read, expired);
    EXPECT_TRUE(is_outline(record_value(expired)));
    ASSERT_TRUE(parse_record_value(record_value(with_provenance()), read).ok());
    EXPECT_EQ(read, with_provenance()) << "nothing of the record before";
  }
  EXPECT_FALSE(is_outline(record_value(with_provenance())));
}

TEST(Layout, AnOutlineThatDoesNotSayWhenItBeganIsDamaged) {
  record::Interaction read;
  EXPECT_EQ(parse_record_value("\x03", read).error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(parse_record_value(std::string("\x03x\0\0\0\x01z", 7), read).error().code, ErrorCode::kDataLoss);
}

TEST(Layout, AStretchHoldsTheRecordsOfSomeDaysOfItsPairAndNoOthers) {
  const std::string from = stretch_of(example());
  EXPECT_EQ(to_hex(from), "726f757465720064656d6f009797");
  EXPECT_EQ(to_hex(past_stretch(from)), "726f757465720064656d6f009798");
  Location other = example();
  for (const auto hours : {-24 * 7, 24 * 7}) {
    other.time = example().time + std::chrono::hours(hours);
    const std::string key = record_key(other);
    EXPECT_TRUE(key < from || key >= past_stretch(from)) << hours;
  }
  EXPECT_TRUE(record_key(example()) >= from && record_key(example()) < past_stretch(from));
  other.time = Timestamp::max();
  const std::string last = stretch_of(other);
  EXPECT_TRUE(record_key(other) >= last && record_key(other) < past_stretch(last));
  other.time = example().time;
  other.client = record::ClientId("demo2");
  EXPECT_GE(record_key(other), past_stretch(last)) << "of another client";
}

TEST(Layout, TimesBefore1970SortBeforeThoseAfter) {
  std::string before;
  std::string after;
  append_time(before, from_epoch_seconds(-1));
  append_time(after, from_epoch_seconds(0));
  EXPECT_LT(before, after);
  EXPECT_EQ(parse_time(before), from_epoch_seconds(-1));
}

TEST(Layout, DamagedBytesAreDataLossNeverACrash) {
  Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = record_key(example());
    bytes.resize(random.below(bytes.size() + 1));
    if (!bytes.empty()) bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    record::Interaction record;
    for (const bool ok : {parse_record_key(bytes).ok(), parse_index_entry(bytes, bytes).ok(),
                          parse_count_key(bytes).ok(), parse_id_value(example().id, bytes).ok(),
                          parse_kind_count_key(bytes).ok(), parse_record_value(bytes, record).ok()}) {
      (void)ok;
    }
  }
  record::Interaction expired{.provenance = with_provenance().provenance};
  expired.outline.emplace().called = {"a", "b"};
  for (int i = 0; i < 40'000; ++i) {
    const std::string whole = record_value(i % 2 == 0 ? with_provenance() : expired);
    std::string bytes = whole.substr(0, random.below(whole.size() + 1));
    if (!bytes.empty()) bytes[random.below(std::min<std::size_t>(bytes.size(), 100))] ^= char(1 << random.below(8));
    record::Interaction record;
    (void)parse_record_value(bytes, record);
  }
  EXPECT_EQ(parse_record_key("router").error().code, ErrorCode::kDataLoss);
  record::Interaction record;
  EXPECT_EQ(parse_record_value(std::string_view("\x01\xff\xff\xff\xff{}", 7), record).error().code,
            ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace fw::logstore::layout

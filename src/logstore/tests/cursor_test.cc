#include "logstore/impl/cursor.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace fw::logstore {
namespace {

const Position kPosition{from_epoch_seconds(-3), record::RecordId("a b")};

TEST(Cursor, ReadsBackForItsOwnScan) {
  Selection selection;
  selection.workload = record::WorkloadId("w");
  EXPECT_EQ(*parse_cursor(make_cursor(selection, Order::kNewestFirst, kPosition), selection, Order::kNewestFirst),
            kPosition);
}

TEST(Cursor, IsPrintableAscii) {
  const std::string token = make_cursor({}, Order::kOldestFirst, kPosition).token;
  EXPECT_TRUE(std::ranges::all_of(token, [](char c) { return c > ' ' && c < 0x7f; }));
}

TEST(Cursor, AnyChangedOrMissingCharacterIsRefused) {
  const std::string token = make_cursor({}, Order::kOldestFirst, kPosition).token;
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_FALSE(parse_cursor({changed}, {}, Order::kOldestFirst).ok()) << i;
    EXPECT_FALSE(parse_cursor({token.substr(0, i)}, {}, Order::kOldestFirst).ok()) << i;
  }
  EXPECT_FALSE(parse_cursor({token + token}, {}, Order::kOldestFirst).ok());
  EXPECT_FALSE(parse_cursor({std::string(1 << 20, '0')}, {}, Order::kOldestFirst).ok());
}

TEST(Cursor, WorkloadAndClientOfTheSameNameAreDifferentScans) {
  Selection workload;
  workload.workload = record::WorkloadId("x");
  Selection client;
  client.client = record::ClientId("x");
  EXPECT_FALSE(parse_cursor(make_cursor(workload, Order::kOldestFirst, kPosition), client, Order::kOldestFirst).ok());
}

}  // namespace
}  // namespace fw::logstore

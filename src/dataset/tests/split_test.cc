#include "dataset/impl/split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/random.h"

namespace fw::dataset {
namespace {

std::int64_t count(const Split& split, Side side) { return std::ranges::count(split.sides, side); }

SplitSettings settings_of(std::uint64_t eval_size, double val_ratio = 0.1) {
  SplitSettings settings;
  settings.eval_size = eval_size;
  settings.val_ratio = val_ratio;
  return settings;
}

std::vector<SplitRow> conversations(const std::vector<std::uint32_t>& sizes) {
  std::vector<SplitRow> rows;
  for (std::uint32_t group = 0; group < sizes.size(); ++group) rows.insert(rows.end(), sizes[group], {0, group, group});
  return rows;
}

TEST(Split, TakesWholeConversationsWhereTheyFit) {
  const auto rows = conversations(std::vector<std::uint32_t>(20, 3));
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Split split = split_rows(rows, settings_of(9), seed).value();
    EXPECT_EQ(count(split, Side::kEval), 9);
    EXPECT_EQ(count(split, Side::kConversationOfEvaluation), 0);
    EXPECT_EQ(count(split, Side::kValidation), 6);
    EXPECT_EQ(count(split, Side::kConversationOfValidation), 0);
  }
}

TEST(Split, StaysExactByLeavingOutTheRestOfAConversation) {
  const auto rows = conversations(std::vector<std::uint32_t>(20, 3));
  const Split split = split_rows(rows, settings_of(10), 1).value();
  EXPECT_EQ(count(split, Side::kEval), 10);
  EXPECT_EQ(count(split, Side::kConversationOfEvaluation), 2);
  EXPECT_EQ(count(split, Side::kValidation), 5);  // a tenth of 48, rounded up
  EXPECT_EQ(count(split, Side::kConversationOfValidation), 1);
}

TEST(Split, CutsOneConversationOfEachLengthAtMost) {
  std::vector<std::uint32_t> sizes(20, 3);
  sizes.insert(sizes.end(), 20, 1);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Split split = split_rows(conversations(sizes), settings_of(10), seed).value();
    EXPECT_LE(count(split, Side::kConversationOfEvaluation), 2);
    EXPECT_LE(count(split, Side::kConversationOfValidation), 2);
  }
}

TEST(Split, RefusesValidationThatLeavesNothingToTrainOn) {
  const auto split = split_rows(conversations({1, 1, 1}), settings_of(2), 0);
  EXPECT_THAT(split.error().message, testing::HasSubstr("data_split_config.val_ratio"));
}

TEST(Split, PutsNoConversationOnTwoSidesAndKeepsItsSizes) {
  Random random(5);
  for (int round = 0; round < 60; ++round) {
    std::vector<SplitRow> rows;
    const std::uint64_t groups = 30 + random.below(60);
    const std::uint64_t n = 100 + random.below(200);
    for (std::uint64_t i = 0; i < n; ++i) {
      const auto group = static_cast<std::uint32_t>(random.below(groups));
      rows.push_back({static_cast<std::uint32_t>(random.below(5)), group, group / 2, random.below(10) == 0});
    }
    SplitSettings settings = settings_of(5 + random.below(20), 0.1);
    const auto split = split_rows(rows, settings, random.next());
    if (!split.ok()) continue;
    EXPECT_EQ(count(*split, Side::kEval), static_cast<std::int64_t>(settings.eval_size));
    EXPECT_EQ(count(*split, Side::kValidation), static_cast<std::int64_t>(split->validation.rows));
    std::map<std::uint32_t, std::set<Side>> sides;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Side side = split->sides[i];
      if (side <= Side::kEval) sides[rows[i].conversation].insert(side);
      EXPECT_FALSE(rows[i].is_newest && (side == Side::kTrain || side == Side::kValidation));
    }
    for (const auto& [group, of] : sides) EXPECT_EQ(of.size(), 1u) << group;
  }
}

}  // namespace
}  // namespace fw::dataset

#include "dataset/impl/draw.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "dataset/impl/split.h"

namespace fw::dataset {
namespace {

/// `units` of `size` conversations of one row.
std::vector<SplitRow> units_of(std::uint32_t units, std::uint32_t size) {
  std::vector<SplitRow> rows;
  for (std::uint32_t unit = 0; unit < units; ++unit) {
    for (std::uint32_t i = 0; i < size; ++i) {
      rows.push_back({unit % 3, static_cast<std::uint32_t>(rows.size()), 100'000 + unit, false});
    }
  }
  return rows;
}

struct Sides {
  std::set<std::uint32_t> eval;
  std::set<std::uint32_t> train;
  std::uint64_t unseen_rows = 0;
  std::uint64_t left_out = 0;
};

Sides sides_of(const std::vector<SplitRow>& rows, std::uint64_t eval_size, std::uint64_t seed, bool together = true) {
  SplitSettings settings;
  settings.eval_size = eval_size;
  settings.keep_templates_together = together;
  const Split split = split_rows(rows, settings, seed).value();
  Sides sides;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (split.sides[i] == Side::kEval) sides.eval.insert(rows[i].unit);
    if (split.sides[i] == Side::kTrain) sides.train.insert(rows[i].unit);
    sides.left_out += split.sides[i] == Side::kTemplateOfEvaluation;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    sides.unseen_rows += split.sides[i] == Side::kEval && !sides.train.contains(rows[i].unit);
  }
  return sides;
}

TEST(Units, StayOnOneSideWhereThatCostsLittle) {
  const auto rows = units_of(300, 4);
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Sides sides = sides_of(rows, 30, seed);
    EXPECT_EQ(sides.unseen_rows, 30u);
    EXPECT_LE(sides.left_out, 120u) << "a tenth of the rows";
  }
  EXPECT_LT(sides_of(rows, 30, 1, false).unseen_rows, 5u) << "keep_templates_together: false";
}

TEST(Units, AreHalfHeldAndHalfSharedWhereAFewAreMostOfTheTraffic) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Sides sides = sides_of(units_of(20, 50), 100, seed);
    EXPECT_GE(sides.unseen_rows, 30u);
    EXPECT_LE(sides.unseen_rows, 70u);
    EXPECT_LE(sides.left_out, 100u);
    EXPECT_GE(sides.train.size(), 15u);
  }
}

TEST(Units, ThatAreAllOfTheTrafficAreShared) {
  const Sides sides = sides_of(units_of(1, 500), 50, 3);
  EXPECT_EQ(sides.unseen_rows, 0u);
  EXPECT_EQ(sides.left_out, 0u);
}

}  // namespace
}  // namespace fw::dataset

#include "dataset/impl/applications.h"

#include <gtest/gtest.h>

namespace fw::dataset {
namespace {

using Marks = std::vector<std::uint64_t>;

Applications of(const std::vector<Marks>& rows) {
  Applications applications;
  for (const Marks& row : rows) applications.add(row);
  applications.finish();
  return applications;
}

/// Ten rows, of which those named have marks of their own.
std::vector<Marks> rows_with(const Marks& strays) {
  std::vector<Marks> rows(10, Marks{1, 2});
  for (const std::uint64_t at : strays) rows[at] = {100 + at};
  return rows;
}

TEST(Applications, AFewRowsThatShareNothingWithTheOthersAreStrays) {
  const auto applications = of(rows_with({2, 5, 7}));
  EXPECT_TRUE(applications.is_stray(Marks{105}));
  EXPECT_TRUE(applications.is_stray(Marks{999})) << "a row that was not added";
  EXPECT_FALSE(applications.is_stray(Marks{1}));
  EXPECT_FALSE(applications.is_stray(Marks{105, 2}));
}

TEST(Applications, RowsWithNeitherToolsNorSystemMessageAreOneOfTheirOwn) {
  auto rows = rows_with({});
  rows[2] = rows[5] = {};
  EXPECT_TRUE(of(rows).is_stray(Marks{}));
  EXPECT_FALSE(of(rows).is_stray(Marks{1}));
  std::vector<Marks> bare(10);
  bare[2] = bare[5] = {1, 2};
  EXPECT_FALSE(of(bare).is_stray(Marks{1})) << "where most are bare, a system message is nobody's mark";
  EXPECT_FALSE(of(bare).is_stray(Marks{}));
}

TEST(Applications, AChainOfSharedMarksMakesOneApplication) {
  auto rows = rows_with({2, 5});
  rows[2] = {7, 8};
  rows[3] = {8, 2};
  const auto applications = of(rows);
  EXPECT_FALSE(applications.is_stray(Marks{7}));
  EXPECT_TRUE(applications.is_stray(Marks{105}));
}

TEST(Applications, FourOfTenRowsAreNoStrays) { EXPECT_FALSE(of(rows_with({2, 4, 6, 8})).is_stray(Marks{102})); }

TEST(Applications, RowsThatEachHaveTheirOwnMarksAreNoStrays) {
  std::vector<Marks> rows;
  for (std::uint64_t i = 0; i < 50; ++i) rows.push_back({i});
  EXPECT_FALSE(of(rows).is_stray(Marks{3}));
}

TEST(Applications, WhatReplacesTheOthersOrWasReplacedIsNoStray) {
  EXPECT_FALSE(of(rows_with({7, 8, 9})).is_stray(Marks{108})) << "a new prompt";
  EXPECT_FALSE(of(rows_with({0, 1, 2})).is_stray(Marks{101})) << "the old one";
}

}  // namespace
}  // namespace fw::dataset

#include "dataset/impl/held_texts.h"

#include <gtest/gtest.h>

#include <string>

namespace fw::dataset {
namespace {

std::vector<std::uint64_t> runs(const std::string& text) { return turns_words(text).runs; }

TEST(HeldTexts, AreFoundAmongOtherWords) {
  HeldTexts texts(20, 5);
  texts.add(0, runs("a b c d e f g h"));
  texts.add(1, runs("a b c d"));  // too short to tell
  texts.compare(runs("x y a b c d e f g h z"), {});
  texts.compare(runs("a b c d e f g"), {});
  texts.finish();
  const auto pairs = texts.pairs(1);
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].text, 0U);
  EXPECT_EQ(pairs[0].other, 0U);
  EXPECT_EQ(texts.pairs(0.8).size(), 2U) << "five of six";
  EXPECT_TRUE(texts.is_looked_for(0));
  EXPECT_FALSE(texts.is_looked_for(1));
}

TEST(HeldTexts, StandInPartsOfARowToo) {
  HeldTexts texts(3, 5);
  texts.add(7, runs("a b c d e f g h"));
  const std::uint32_t holding = texts.add_part(1, runs("we know that a b c d e f g h"));
  const std::uint32_t other = texts.add_part(2, runs("we know nothing"));
  EXPECT_EQ(texts.find_part(1), holding);
  EXPECT_EQ(texts.find_part(3), std::nullopt);
  texts.compare(runs("hello there"), std::vector{other, holding});
  texts.compare(runs("hello there"), std::vector{other});
  texts.finish();
  const auto pairs = texts.pairs(1);
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].text, 7U);
  EXPECT_EQ(pairs[0].other, 0U);
}

TEST(HeldTexts, WhatManyRowsShowIsTheirFrameWhereverItStands) {
  for (const int rows : {2, 3}) {
    HeldTexts texts(3, 5);
    texts.add(0, runs("a b c d e f g h"));
    const std::uint32_t part = texts.add_part(1, runs("a b c d e f g h"));
    for (int i = 0; i < rows; ++i) texts.compare(runs("a b c d e f g h"), std::vector{part, part});
    texts.finish();
    EXPECT_EQ(texts.pairs(1).size(), rows == 2 ? 2U : 0U) << "each row counts once";
  }
}

TEST(HeldTexts, SeveralOfARowAreOnePair) {
  HeldTexts texts(20, 5);
  texts.add(0, runs("a b c d e f g h"));
  texts.add(0, runs("r s t u v w x y"));
  texts.compare(runs("a b c d e f g z r s t u v w x y"), {});
  texts.finish();
  const auto pairs = texts.pairs(0.8);
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].likeness, 1);
}

TEST(HeldTexts, SeveralOfARowCountAsOneRowForTheFrame) {
  HeldTexts texts(3, 5);
  for (std::uint32_t row = 0; row < 2; ++row) {
    texts.add(row, runs("a b c d e f g h"));
    texts.add(row, runs("a b c d e f g h"));
  }
  texts.compare(runs("x a b c d e f g h"), {});
  texts.finish();
  EXPECT_EQ(texts.pairs(1).size(), 2U) << "three rows";
}

TEST(HeldTexts, LongOnesAreFoundByAPart) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "word" + std::to_string(i) + ' ';
  HeldTexts texts(20, 5);
  texts.add(0, runs(text));
  texts.compare(runs("before " + text + "after"), {});
  texts.compare(runs(text.substr(text.size() / 2)), {});
  texts.finish();
  const auto pairs = texts.pairs(0.01);
  ASSERT_EQ(pairs.size(), 2U);
  EXPECT_EQ(pairs[0].likeness, 1);
  EXPECT_NEAR(pairs[1].likeness, 0.5, 0.05);
  EXPECT_LT(texts.indexed_runs(), 5000U);
}

}  // namespace
}  // namespace fw::dataset

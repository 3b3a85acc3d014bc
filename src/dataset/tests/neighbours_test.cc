#include "dataset/impl/neighbours.h"

#include <gtest/gtest.h>

namespace fw::dataset {
namespace {

constexpr std::uint32_t kOrders = 1;
constexpr std::uint32_t kRefunds = 2;

/// Twenty rows on orders, which share words 1 to 6, and twenty on refunds, which share 11 to 16; each has a word of its
/// own.
class NeighboursTest : public testing::Test {
 protected:
  NeighboursTest() {
    for (std::uint32_t i = 0; i < 40; ++i) {
      const std::uint32_t first = i < 20 ? 1 : 11;
      words_.push_back({first, first + 1, first + 2, first + 3, first + 4, first + 5, 100 + i});
    }
    for (std::size_t i = 0; i < 40; ++i)
      rows_.push_back({.place = 7, .words = words_[i], .answer = i < 20 ? kOrders : kRefunds});
  }
  bool differs(std::size_t row) const { return Neighbours(rows_).judge(rows_[row], row).like_ones.has_value(); }

  std::vector<std::vector<std::uint32_t>> words_;
  std::vector<Asked> rows_;
};

TEST_F(NeighboursTest, WhoIsAnsweredAsTheOthersIsRight) {
  for (std::size_t i = 0; i < 40; ++i) EXPECT_FALSE(differs(i)) << i;
}

TEST_F(NeighboursTest, AnAnswerOfTheOtherKindIsFoundWithWhatTheOthersHave) {
  rows_[3].answer = kRefunds;
  const auto found = Neighbours(rows_).judge(rows_[3], 3).like_ones;
  ASSERT_TRUE(found);
  EXPECT_EQ(found->alike, 0U);
  EXPECT_EQ(found->usual, 15U);
  EXPECT_EQ(found->answer, kOrders);
  EXPECT_FALSE(differs(4)) << "one wrong neighbour makes nobody wrong";
}

TEST_F(NeighboursTest, ARareAnswerIsNotWrong) {
  rows_[3].answer = 99;
  EXPECT_FALSE(differs(3));
}

TEST_F(NeighboursTest, RowsOfAnotherPlaceHaveNoSay) {
  rows_[3].answer = kRefunds;
  rows_[3].place = 8;
  EXPECT_FALSE(differs(3));
}

TEST_F(NeighboursTest, WhoIsLikeNobodyIsNotJudged) {
  words_[3] = {1, 500, 501, 502, 503};
  rows_[3] = {.place = 7, .words = words_[3], .answer = kRefunds};
  EXPECT_FALSE(differs(3));
}

TEST_F(NeighboursTest, OfManyRowsSomeAreComparedWithAndAllAreJudged) {
  const std::vector<Asked> few = rows_;
  for (std::size_t i = few.size(); i < 3 * Neighbours::kMostCompared; ++i) rows_.push_back(few[i % few.size()]);
  rows_[5].answer = rows_[7].answer = kRefunds;
  EXPECT_TRUE(differs(5)) << "whether it is compared with or not";
  EXPECT_TRUE(differs(7));
  EXPECT_FALSE(differs(6));
}

TEST_F(NeighboursTest, HowManyOfTheNearestAnswerAlikeStandsBesideWhatAnyOtherRowWouldGive) {
  const auto clean = Neighbours(rows_).judge(rows_[3], 3);
  EXPECT_EQ(clean.nearest, Neighbours::kNearest);
  EXPECT_EQ(clean.agreeing, Neighbours::kNearest);
  EXPECT_DOUBLE_EQ(clean.chance, 19.0 / 39);
  EXPECT_EQ(clean.voted, kOrders);
  for (std::size_t i = 0; i < 20; i += 2) rows_[i].answer = kRefunds;
  const auto noisy = Neighbours(rows_).judge(rows_[3], 3);
  EXPECT_LT(noisy.agreeing, Neighbours::kNearest);
  EXPECT_DOUBLE_EQ(noisy.chance, 9.0 / 39);
}

TEST_F(NeighboursTest, TextsSayNothingOfHowMuchCallsAgree) {
  for (std::size_t i = 0; i < 20; ++i) rows_[i].is_call = false;
  EXPECT_EQ(Neighbours(rows_).judge(rows_[3], 3).nearest, 0U);
  EXPECT_DOUBLE_EQ(Neighbours(rows_).judge(rows_[23], 23).chance, 1);
}

TEST_F(NeighboursTest, WhereFewWordsAreSharedAllOfThemTogetherTellAWrongAnswer) {
  // Four of six words of its kind, and eight that nobody else has: no neighbour is half as like it as it is itself.
  words_[3] = {1, 2, 3, 4, 500, 501, 502, 503, 504, 505, 506, 507};
  rows_[3] = {.place = 7, .words = words_[3], .answer = kRefunds};
  const auto found = Neighbours(rows_).judge(rows_[3], 3);
  EXPECT_FALSE(found.like_ones);
  ASSERT_TRUE(found.all_words);
  EXPECT_EQ(found.all_words->answer, kOrders);
  EXPECT_EQ(found.all_words->usual, 15U);
  rows_[3].answer = kOrders;
  EXPECT_FALSE(Neighbours(rows_).judge(rows_[3], 3).all_words);
}

}  // namespace
}  // namespace fw::dataset

#include "trainer/packing/token_tree.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "trainer/packing/families.h"
#include "trainer/tests/tiny_model.h"

namespace fw::trainer {
namespace {

std::vector<Token> spelled(const TokenTree& tree, std::size_t row) {
  std::vector<Token> out;
  for (const int s : tree.path(tree.leaves[row])) {
    const auto& segment = tree.segments[static_cast<std::size_t>(s)];
    EXPECT_EQ(segment.position, static_cast<std::int64_t>(out.size()));
    out.insert(out.end(), tree.tokens.begin() + segment.start, tree.tokens.begin() + segment.start + segment.length);
  }
  return out;
}

// Every invariant of the header, and that each loss term stands where its row's token is.
void expect_packs(const std::vector<TrainingRow>& rows, const TokenTree& tree) {
  std::int64_t end = 0;
  for (std::size_t s = 0; s < tree.segments.size(); ++s) {
    EXPECT_EQ(tree.segments[s].start, end);
    EXPECT_GT(tree.segments[s].length, 0);
    EXPECT_LT(tree.segments[s].parent, static_cast<int>(s));
    end += tree.segments[s].length;
  }
  EXPECT_EQ(end, static_cast<std::int64_t>(tree.tokens.size()));
  std::size_t term = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    EXPECT_EQ(spelled(tree, r), std::vector<Token>(rows[r].tokens.begin(), rows[r].tokens.end() - 1));
    for (auto i = rows[r].answer_begin; i < static_cast<std::int64_t>(rows[r].tokens.size()); ++i, ++term) {
      ASSERT_LT(term, tree.terms.size());
      EXPECT_EQ(tree.terms[term].row, static_cast<std::int32_t>(r));
      EXPECT_EQ(tree.terms[term].target, rows[r].tokens[static_cast<std::size_t>(i)]);
      const auto index = static_cast<std::size_t>(tree.terms[term].index);
      EXPECT_EQ(tree.positions[index], i - 1);
      EXPECT_EQ(tree.tokens[index], rows[r].tokens[static_cast<std::size_t>(i) - 1]);
    }
  }
  EXPECT_EQ(term, tree.terms.size());
}

TEST(TokenTree, KeepsACommonBeginningOnce) {
  const std::vector<TrainingRow> rows{{{1, 2, 3, 4, 5}, 4}, {{1, 2, 3, 6, 7, 8}, 4}};
  const auto tree = pack(pointers_to(rows), 2);
  expect_packs(rows, tree);
  EXPECT_EQ(tree.tokens.size(), 3U + 1 + 2);
  EXPECT_EQ(tree.padded_tokens, 10);
}

TEST(TokenTree, LeavesABeginningThatIsTooShortInEachRow) {
  const std::vector<TrainingRow> rows{{{1, 2, 3, 4, 5}, 4}, {{1, 2, 3, 6, 7, 8}, 4}};
  const auto tree = pack(pointers_to(rows), 4);
  expect_packs(rows, tree);
  EXPECT_EQ(tree.tokens.size(), 4U + 5);
}

TEST(TokenTree, FindsGroupsWithinGroups) {
  const std::vector<TrainingRow> rows{
      {{1, 2, 3, 4, 5, 6}, 5}, {{1, 2, 3, 4, 9, 9}, 5}, {{1, 2, 7, 7, 7}, 4}, {{8, 8, 8}, 2}};
  const auto tree = pack(pointers_to(rows), 2);
  expect_packs(rows, tree);
  EXPECT_EQ(tree.tokens.size(), 2U + 2 + 1 + 1 + 2 + 2);
}

TEST(TokenTree, HandlesEqualRowsAndRowsThatEndWhereOthersGoOn) {
  const std::vector<TrainingRow> rows{
      {{1, 2, 3, 4}, 2}, {{1, 2, 3, 4}, 3}, {{1, 2, 3}, 1}, {{1, 2, 3, 4, 5}, 4}, {{1, 2, 3, 9}, 2}};
  expect_packs(rows, pack(pointers_to(rows), 1));
}

TEST(TokenTree, PacksAnyRows) {
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<TrainingRow> rows;
    for (int group = 0; group < 3; ++group)
      for (auto& row : random_rows(1 + random.below(4), static_cast<std::int64_t>(random.below(6)), 6, 3, random)) {
        row.answer_begin = std::max<std::int64_t>(row.answer_begin, 1);
        rows.push_back(std::move(row));
      }
    expect_packs(rows, pack(pointers_to(rows), 1 + static_cast<std::int64_t>(random.below(4))));
  }
}

}  // namespace
TEST(Families, TurnsOfAConversationStayTogetherAndNoRowIsLost) {
  std::vector<TrainingRow> rows;
  for (Token talk = 10; talk < 30; ++talk) {
    std::vector<Token> tokens{1, 2, 3, talk};
    for (int turn = 0; turn < 1 + talk % 3; ++turn) {
      for (Token t = 0; t < 5; ++t) tokens.push_back(talk * 10 + t);
      rows.push_back({tokens, 4});
    }
  }
  std::reverse(rows.begin(), rows.end());
  const auto pointers = pointers_to(rows);
  const auto groups = families(pointers, 4);
  EXPECT_EQ(groups.size(), 20U);
  fw::Random random(5);
  const auto order = shuffle_families(groups, 2, random);
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < rows.size(); ++i) ASSERT_EQ(sorted.at(i), i);
  EXPECT_NE(order, sorted);
  std::size_t neighbours = 0;
  for (std::size_t i = 1; i < order.size(); ++i)
    neighbours += rows[order[i]].tokens[3] == rows[order[i - 1]].tokens[3] ? 1U : 0U;
  EXPECT_GE(neighbours, 12U);  // 13 families of two or more rows, one of three cut into two and one
}

TEST(Families, OneThatIsLargerThanAStepAllowsIsCut) {
  const std::vector<TrainingRow> rows(10, TrainingRow{{1, 2, 3, 4, 5, 6}, 3});
  auto other = rows;
  other.push_back({{9, 2, 3}, 1});
  const auto groups = families(pointers_to(other), 4);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].size(), 10U);
}

}  // namespace fw::trainer

#include "review/verdict.h"

#include <gtest/gtest.h>

namespace fw::review {
namespace {

TEST(Verdict, TheSideIsDrawnByLotAndStaysForAPerson) {
  int left = 0;
  for (int i = 0; i < 1000; ++i) left += is_candidate_left("review", "r" + std::to_string(i), "ann") ? 1 : 0;
  EXPECT_GT(left, 440);
  EXPECT_LT(left, 560);
  int other = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string row = "r" + std::to_string(i);
    EXPECT_EQ(is_candidate_left("review", row, "ann"), is_candidate_left("review", row, "ann"));
    other += is_candidate_left("review", row, "ann") != is_candidate_left("review", row, "bob") ? 1 : 0;
  }
  EXPECT_GT(other, 400);
}

TEST(Verdict, ASideBecomesItsOwner) {
  EXPECT_EQ(verdict_of_sides("left_better", true), Verdict::kCandidateBetter);
  EXPECT_EQ(verdict_of_sides("left_better", false), Verdict::kProductionBetter);
  EXPECT_EQ(verdict_of_sides("right_better", true), Verdict::kProductionBetter);
  EXPECT_EQ(verdict_of_sides("both_fine", true), Verdict::kBothFine);
  EXPECT_FALSE(verdict_of_sides("candidate_better", true));
  EXPECT_FALSE(verdict_of_sides("", true));
}

TEST(Label, ComesBackAsItWasStored) {
  Label label{.verdict = Verdict::kBothWrong, .note = "two \"orders\"", .tags = {"date", "unit"}};
  label.corrected = R"({"role":"assistant","content":"7 May"})";
  const auto back = label_from_json(to_json(label)).value();
  EXPECT_EQ(back.verdict, label.verdict);
  EXPECT_EQ(back.note, label.note);
  EXPECT_EQ(back.tags, label.tags);
  EXPECT_EQ(back.corrected, label.corrected);
  EXPECT_EQ(label_from_json("{}").error().code, ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace fw::review

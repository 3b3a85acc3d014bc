#include "runs/row_pairs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evals/row_result.h"
#include "io/file.h"

namespace fw::runs {
namespace {

class RowPairsTest : public testing::Test {
 protected:
  static modelops::RowResult row(const std::string& id, double score) {
    modelops::RowResult out{.record_id = id, .request = R"({"messages":[]})", .response = "{}", .reference = "{}"};
    out.traits.kind = modelops::AnswerKind::kToolCalls;
    out.scores["tool_calls_and_args_match"] = score;
    return out;
  }
  ScoredRows write(const std::string& name, const std::vector<modelops::RowResult>& rows) {
    const auto path = folder_.path() / name;
    EXPECT_TRUE(evals::write_row_results(path, rows).ok());
    return {.results = path, .scoring = {}};
  }
  static RowPairs pair(const ScoredRows& left, const ScoredRows& right, PairPage page = {}) {
    return pair_rows(left, right, page, Deadline::never()).value();
  }
  static std::vector<std::string> ids(const RowPairs& pairs) {
    std::vector<std::string> out;
    for (const auto& one : pairs.rows) out.push_back(one.left.row.record_id);
    return out;
  }

  io::TemporaryFolder folder_;
};

TEST_F(RowPairsTest, EveryCommonRowIsCountedWhoeverIsBestRanked) {
  const auto left = write("a", {row("1", 1), row("2", 1), row("3", 0), row("4", 1), row("5", 0), row("6", 1)});
  const auto right = write("b", {row("1", 0), row("2", 0), row("3", 1), row("4", 1), row("5", 0), row("7", 1)});
  const auto all = pair(left, right);
  EXPECT_EQ(
      all.counts,
      (OutcomeCounts{.left_better = 2, .right_better = 1, .both = 1, .neither = 1, .left_only = 1, .right_only = 1}));
  EXPECT_THAT(ids(all), testing::ElementsAre("1", "2", "3", "4", "5"));
  EXPECT_EQ(all.rows[0].left.agreement, 1);
  EXPECT_EQ(all.rows[0].right.agreement, 0);
  // Turned round it is the same, seen from the other side.
  const auto turned = pair(right, left);
  EXPECT_EQ(turned.counts.left_better, 1U);
  EXPECT_EQ(turned.counts.right_better, 2U);
}

TEST_F(RowPairsTest, RowsAreFilteredAndPagedAndTheCountsStay) {
  std::vector<modelops::RowResult> good, bad;
  for (int i = 0; i < 50; ++i) {
    good.push_back(row(std::to_string(i), i % 5 == 0 ? 0 : 1));
    bad.push_back(row(std::to_string(i), i % 5 == 0 ? 1 : 0));
  }
  const auto left = write("a", good), right = write("b", bad);
  const auto first = pair(left, right, {.outcome = Outcome::kRightBetter, .first = 0, .limit = 8});
  EXPECT_THAT(ids(first), testing::ElementsAre("0", "5", "10", "15", "20", "25", "30", "35"));
  EXPECT_TRUE(first.has_more);
  const auto rest = pair(left, right, {.outcome = Outcome::kRightBetter, .first = 8, .limit = 8});
  EXPECT_THAT(ids(rest), testing::ElementsAre("40", "45"));
  EXPECT_FALSE(rest.has_more);
  EXPECT_EQ(rest.counts, first.counts);
  EXPECT_EQ(rest.counts.left_better, 40U);
}

TEST_F(RowPairsTest, OfSeveralAsksTheMeanCountsAndTheWorstIsShown) {
  auto again = row("1", 0);
  again.ask = 1;
  again.response = R"({"id":"worst"})";
  const auto left = write("a", {row("1", 1), again}), right = write("b", {row("1", 0)});
  const auto pairs = pair(left, right);
  ASSERT_EQ(pairs.rows.size(), 1U);
  EXPECT_EQ(pairs.rows[0].outcome, Outcome::kLeftBetter);
  EXPECT_EQ(pairs.rows[0].left.agreement, 0.5);
  EXPECT_EQ(pairs.rows[0].left.asks, 2U);
  EXPECT_EQ(pairs.rows[0].left.row.response, R"({"id":"worst"})");
}

TEST_F(RowPairsTest, ARowThatFailedAgreesInNothingAndOneWithoutAScoreIsCountedApart) {
  auto failed = row("1", 0), unrated = row("2", 0);
  failed.scores.clear();
  failed.failure = "no reply";
  unrated.scores.clear();
  unrated.error = "the judge was away";
  const auto pairs = pair(write("a", {failed, unrated}), write("b", {row("1", 1), row("2", 1)}));
  EXPECT_EQ(pairs.counts, (OutcomeCounts{.right_better = 1, .without_score = 1}));
}

TEST_F(RowPairsTest, AFileThatIsGoneOrTornIsNamed) {
  const auto left = write("a", {row("1", 1)});
  EXPECT_EQ(pair_rows(left, {.results = folder_.path() / "none", .scoring = {}}, {}, Deadline::never()).error().code,
            ErrorCode::kNotFound);
  ASSERT_TRUE(io::write_file_atomically(folder_.path() / "torn", "{\"record_id\":").ok());
  const auto torn = pair_rows(left, {.results = folder_.path() / "torn", .scoring = {}}, {}, Deadline::never());
  EXPECT_THAT(torn.error().message, testing::HasSubstr("torn:1"));
}

}  // namespace
}  // namespace fw::runs

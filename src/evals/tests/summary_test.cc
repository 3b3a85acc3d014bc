#include "evals/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "evals/statistics/bootstrap.h"
#include "evals/statistics/permutation.h"

namespace fw::evals {
namespace {

using modelops::RowResult;
using modelops::WorkloadType;
using testing::ElementsAre;
using testing::Pair;

constexpr const char* kArgs = "function_name_and_args_accuracy";

RowResult tool_result(const std::string& id, double score, const std::string& label = "order", bool novel = false) {
  return {.record_id = id,
          .traits = {.label = label, .template_in_training = !novel},
          .response = "{}",
          .scores = {{"function_name", 1.0}, {kArgs, score}},
          .prompt_tokens = 100,
          .completion_tokens = 20,
          .latency_seconds = 0.5,
          .attempts = 1};
}
RowResult failed_result(const std::string& id, const std::string& error) {
  return {.record_id = id, .traits = {.label = "order"}, .attempts = 4, .failure = error};
}
RowResult text_result(const std::string& id, double score) {
  return {.record_id = id, .response = "{}", .scores = {{"rouge_l", score}}};
}

TEST(Summary, AFailedRowCountsAsZeroAndIsShown) {
  const std::vector rows{tool_result("a", 1), tool_result("b", 1), failed_result("c", "timed out")};
  const auto s = summarize(rows, WorkloadType::kToolCalling, false, std::nullopt, 1);
  EXPECT_EQ(s.rows, 3u);
  EXPECT_EQ(s.rows_failed, 1u);
  EXPECT_THAT(s.errors, ElementsAre(Pair("timed out", 1u)));
  ASSERT_EQ(s.scores.size(), 2u);
  EXPECT_EQ(s.scores[0].name, kArgs);
  EXPECT_EQ(s.scores[0].n, 3u);
  EXPECT_NEAR(s.scores[0].mean, 2.0 / 3, 1e-12);
  EXPECT_EQ(s.scores[0].interval_kind, "wilson");
  EXPECT_NEAR(s.scores[0].interval.low, 0.2077, 1e-4);
  EXPECT_NEAR(s.scores[0].interval.high, 0.9385, 1e-4);
}

TEST(Summary, ARowThatOnlyTheJudgeFailedOnIsLeftOutOfTheJudgesScore) {
  std::vector rows{tool_result("a", 1), tool_result("b", 0), failed_result("c", "down")};
  rows[0].scores["tool_calling_correctness"] = 1;
  rows[1].error = "judge: no rating";
  const auto s = summarize(rows, WorkloadType::kToolCalling, true, std::nullopt, 1);
  ASSERT_EQ(s.scores.size(), 3u);
  EXPECT_EQ(s.scores[2].name, "tool_calling_correctness");
  EXPECT_EQ(s.scores[2].n, 2u);
  EXPECT_EQ(s.scores[2].mean, 0.5);
  EXPECT_EQ(s.rows_failed, 1u);
}

TEST(Summary, GroupsAreThoseThatHaveRows) {
  const std::vector rows{tool_result("a", 1), tool_result("b", 0, "no_tool"), tool_result("c", 1, "order", true)};
  const auto s = summarize(rows, WorkloadType::kToolCalling, false, std::nullopt, 1);
  std::vector<std::pair<std::string, std::uint64_t>> groups;
  for (const GroupSummary& g : s.scores[0].groups) groups.emplace_back(g.group, g.n);
  EXPECT_THAT(groups, ElementsAre(Pair("rows with a tool", 2), Pair("rows without a tool", 1),
                                  Pair("wordings seen in training", 2), Pair("wordings training never saw", 1)));
}

TEST(Summary, CostFollowsTokensAndPriceAndIsAbsentWithoutEither) {
  const std::vector rows{tool_result("a", 1), tool_result("b", 1)};
  const modelops::Price price{.input_per_million = 2.5, .output_per_million = 10};
  EXPECT_NEAR(*summarize(rows, WorkloadType::kToolCalling, false, price, 1).cost_per_1000, 0.25 + 0.2, 1e-12);
  EXPECT_FALSE(summarize(rows, WorkloadType::kToolCalling, false, std::nullopt, 1).cost_per_1000);
  const std::vector uncounted{text_result("a", 1)};
  const auto s = summarize(uncounted, WorkloadType::kGeneric, false, price, 1);
  EXPECT_FALSE(s.cost_per_1000 || s.tokens_total);
  EXPECT_TRUE(to_json(s)["tokens"]["total"].is_null());
}

TEST(Summary, TextScoresHaveABootstrapIntervalThatTheSeedFixes) {
  std::vector<RowResult> rows;
  for (int i = 0; i < 40; ++i) rows.push_back(text_result(std::to_string(i), (i % 7) / 6.0));
  const auto s = summarize(rows, WorkloadType::kGeneric, false, std::nullopt, 3);
  ASSERT_EQ(s.scores.size(), 1u);
  EXPECT_EQ(s.scores[0].interval_kind, "bootstrap");
  EXPECT_LT(s.scores[0].interval.low, s.scores[0].mean);
  EXPECT_GT(s.scores[0].interval.high, s.scores[0].mean);
  EXPECT_EQ(to_json(s), to_json(summarize(rows, WorkloadType::kGeneric, false, std::nullopt, 3)));
}

TEST(Summary, NoRowsGiveNoFigures) {
  const auto s = summarize({}, WorkloadType::kToolCalling, false, modelops::Price{}, 1);
  EXPECT_TRUE(s.scores.empty());
  EXPECT_FALSE(s.latency_p50 || s.cost_per_1000);
  EXPECT_TRUE(to_json(s)["latency_seconds"]["p95"].is_null());
}

TEST(Summary, ManyDifferentReasonsAreCountedTogether) {
  std::vector<RowResult> rows;
  for (int i = 0; i < 30; ++i) rows.push_back(failed_result(std::to_string(i), "reason " + std::to_string(i)));
  const auto s = summarize(rows, WorkloadType::kToolCalling, false, std::nullopt, 1);
  EXPECT_EQ(s.errors.size(), 21u);
  EXPECT_EQ(s.errors.at("other reasons"), 10u);
}

TEST(Difference, ComparesTheRowsThatBothAnswered) {
  const std::vector base{tool_result("a", 0), tool_result("b", 0), tool_result("c", 1), tool_result("e", 1)};
  const std::vector rows{tool_result("c", 1), tool_result("a", 1), tool_result("b", 1), failed_result("e", "x"),
                         tool_result("f", 0)};
  const auto d = difference_to_base(rows, base, kArgs, 1);
  ASSERT_TRUE(d.has_value());
  EXPECT_EQ(d->n, 3u);
  EXPECT_NEAR(d->difference, 2.0 / 3, 1e-12);
  EXPECT_EQ(d->interval_kind, "newcombe");
  EXPECT_EQ(d->test, "mcnemar exact");
  EXPECT_EQ(d->p_value, 0.5);
  EXPECT_FALSE(difference_to_base(rows, {}, kArgs, 1));
}

TEST(Difference, OfTextScoresIsBootstrappedAndPermuted) {
  std::vector<RowResult> base, rows;
  for (int i = 0; i < 30; ++i) {
    base.push_back(text_result(std::to_string(i), 0.2 + 0.01 * (i % 5)));
    rows.push_back(text_result(std::to_string(i), 0.5 + 0.01 * (i % 3)));
  }
  const auto d = difference_to_base(rows, base, "rouge_l", 1);
  EXPECT_EQ(d->interval_kind, "bootstrap");
  EXPECT_EQ(d->test, "permutation");
  EXPECT_GT(d->interval.low, 0.2);
  EXPECT_LT(d->p_value, 0.001);
  EXPECT_GT(d->p_value, 0);
}

TEST(Permutation, DrawsAgreeWithTheFullEnumeration) {
  std::vector<double> differences{0.3,  -0.1, 0.2, 0.5,  -0.4, 0.1, 0.0,  0.25, 0.3,
                                  -0.2, 0.1,  0.4, -0.3, 0.2,  0.1, 0.05, 0.15, -0.1};
  const double exact = permutation_exact(differences).two_sided;
  EXPECT_NEAR(permutation_test(differences, 200'000, Random(5)).two_sided, exact, 0.005);
}

TEST(Bootstrap, OfEqualValuesIsAPoint) {
  const std::vector<double> same(5, 0.25);
  const Interval percentile = bootstrap_percentile_interval(same, 0.95, 1000, Random(1));
  const Interval bca = bootstrap_bca_interval(same, 0.95, 1000, Random(1));
  EXPECT_EQ(percentile.low, 0.25);
  EXPECT_EQ(percentile.high, 0.25);
  EXPECT_EQ(bca.low, 0.25);
}

}  // namespace
}  // namespace fw::evals

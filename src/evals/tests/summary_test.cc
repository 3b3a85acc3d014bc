#include "evals/summary.h"

#include "evals/baselines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "evals/row.h"
#include "evals/statistics/permutation.h"

namespace fw::evals {
namespace {

using modelops::RowResult;
using modelops::WorkloadType;
using testing::ElementsAre;
using testing::Pair;

const ScoringSettings kPlain;
const ScoringSettings kJudged{.has_judge = true};

RowResult tool_result(const std::string& id, double score, const std::string& label = "order", bool novel = false) {
  return {.record_id = id,
          .traits = {.label = label,
                     .kind = modelops::AnswerKind::kToolCalls,
                     .conversation = id,
                     .template_in_training = !novel},
          .response = "{}",
          .scores = {{"tool_calls_and_args_match", score}},
          .prompt_tokens = 100,
          .completion_tokens = 20,
          .latency_seconds = 0.5,
          .attempts = 1};
}
RowResult failed_result(const std::string& id, const std::string& failure) {
  RowResult row = tool_result(id, 0);
  row.response.clear();
  row.scores.clear();
  row.prompt_tokens = 0;
  row.failure = failure;
  return row;
}
RowResult text_result(const std::string& id, double score) {
  return {.record_id = id, .traits = {.conversation = id}, .response = "{}", .scores = {{"rouge_l", score}}};
}

std::vector<std::pair<std::string, std::uint64_t>> sizes(const std::vector<GroupSummary>& groups) {
  std::vector<std::pair<std::string, std::uint64_t>> out;
  for (const GroupSummary& group : groups) out.emplace_back(group.group, group.agreement.n);
  return out;
}

TEST(Summary, RowsThatTimedOutAreNotQuick) {
  std::vector<RowResult> rows;
  for (int i = 0; i < 18; ++i) rows.push_back(tool_result("r" + std::to_string(i), 1));
  rows.push_back(failed_result("refused", "400 Bad Request"));
  rows.back().latency_seconds = 0;
  for (const char* id : {"slow", "slower"}) {
    rows.push_back(failed_result(id, "request timed out after 9 s"));
    rows.back().latency_seconds = 9;
  }
  const auto s = summarize(rows, kPlain, std::nullopt);
  EXPECT_EQ(s.latency_loaded->n, 20U);
  EXPECT_EQ(s.latency_loaded->p50, 0.5);
  EXPECT_GT(s.latency_loaded->p95, 8);
}

TEST(Summary, FewRowsWithUsageAreNoCost) {
  std::vector<RowResult> rows;
  for (int i = 0; i < 100; ++i) rows.push_back(tool_result("r" + std::to_string(i), 1));
  for (int i = 0; i < 2; ++i) rows[i].prompt_tokens = 0;
  const modelops::Price price{1, 1, {}};
  EXPECT_TRUE(summarize(rows, kPlain, price).cost_per_1000);
  rows[2].prompt_tokens = 0;
  const auto s = summarize(rows, kPlain, price);
  EXPECT_FALSE(s.cost_per_1000 || s.tokens);
  EXPECT_EQ(s.rows_without_usage, 3U);
}

TEST(Summary, AFailedRowCountsAsZeroAndIsShown) {
  const std::vector rows{tool_result("a", 1), tool_result("b", 1), failed_result("c", "timed out")};
  const auto s = summarize(rows, kPlain, std::nullopt);
  EXPECT_EQ(s.rows, 3u);
  EXPECT_EQ(s.rows_failed, 1u);
  EXPECT_THAT(s.failures, ElementsAre(Pair("timed out", 1u)));
  ASSERT_TRUE(s.agreement.has_value());
  EXPECT_EQ(s.agreement->n, 3u);
  EXPECT_NEAR(s.agreement->mean, 2.0 / 3, 1e-12);
  EXPECT_TRUE(s.agreement->is_rate);
  EXPECT_NEAR(s.agreement->interval.low, 0.2077, 1e-4);
  EXPECT_NEAR(s.agreement->interval.high, 0.9385, 1e-4);
}

TEST(Summary, ScoresStandThereAlsoWhereNoRowHadAnAnswer) {
  const auto s = summarize(std::vector{failed_result("a", "cut"), failed_result("b", "cut")}, kPlain, std::nullopt);
  std::map<std::string, double> means;
  for (const auto& score : s.scores) means.emplace(score.metric->name, score.estimate.mean);
  EXPECT_THAT(means, ElementsAre(Pair("function_name", 0), Pair("function_name_and_args_accuracy", 0),
                                 Pair("tool_calls_and_args_match", 0)));
}

TEST(Summary, ARowThatOnlyTheJudgeFailedOnIsCountedAndLeftOut) {
  std::vector rows{text_result("a", 1), text_result("b", 0), failed_result("c", "down")};
  rows[0].scores["similarity"] = 1;
  rows[1].error = "judge: no rating";
  const auto s = summarize(rows, kJudged, std::nullopt);
  EXPECT_EQ(s.rows_unscored, 1u);
  EXPECT_THAT(s.unscored, ElementsAre(Pair("judge: no rating", 1u)));
  EXPECT_EQ(s.agreement->n, 2u);
  EXPECT_EQ(s.rows_failed, 1u);
  // What a call's agreement rests on needs no judge: such a row has its score.
  std::vector calls{tool_result("a", 1), tool_result("b", 0)};
  calls[1].error = "judge: no rating";
  const auto t = summarize(calls, kJudged, std::nullopt);
  EXPECT_EQ(t.rows_unscored, 0u);
  EXPECT_THAT(t.unscored, testing::IsEmpty());
}

TEST(Summary, TextAndToolCallsAreReportedApartAndJoinedByTheTrafficsShare) {
  std::vector rows{tool_result("a", 1), text_result("b", 0.5)};
  rows[0].traits.weight = 3;
  const auto s = summarize(rows, kPlain, std::nullopt);
  EXPECT_THAT(sizes(s.by_answer_kind), ElementsAre(Pair("tool_calls", 1), Pair("text", 1)));
  EXPECT_EQ(s.by_answer_kind[0].share, 0.75);
  EXPECT_NEAR(s.agreement->mean, 0.75 * 1 + 0.25 * 0.5, 1e-12);
  EXPECT_FALSE(s.agreement->is_rate);
}

TEST(Summary, DividesTheRowsByTemplateTurnTimeAndLength) {
  std::vector rows{tool_result("a", 1), tool_result("b", 0), tool_result("c", 1, "order", true)};
  rows[1].traits.turn = 7;
  rows[1].traits.conversation_turns = 20;
  rows[2].traits.is_newest = true;
  const auto s = summarize(rows, kPlain, std::nullopt);
  ASSERT_EQ(s.breakdown.size(), 4u);
  EXPECT_THAT(sizes(s.breakdown[0].groups), ElementsAre(Pair("newest", 1), Pair("older", 2)));
  EXPECT_THAT(sizes(s.breakdown[1].groups), ElementsAre(Pair("in_training", 2), Pair("not_in_training", 1)));
  EXPECT_THAT(sizes(s.breakdown[2].groups), ElementsAre(Pair("first", 2), Pair("later", 1)));
  EXPECT_THAT(sizes(s.breakdown[3].groups), ElementsAre(Pair("1", 2), Pair("16_or_more", 1)));
}

TEST(Summary, ClassesComeWorstFirstWithTheirMistakes) {
  std::vector rows{tool_result("a", 1, "good"), tool_result("b", 0, "bad"), tool_result("c", 0, "bad")};
  rows[1].mistakes = {"wrong argument", "wrong argument"};
  rows[2].mistakes = {"wrong tool"};
  const auto s = summarize(rows, kPlain, std::nullopt);
  ASSERT_EQ(s.classes.size(), 2u);
  EXPECT_EQ(s.classes[0].summary.group, "bad");
  EXPECT_THAT(s.classes[0].mistakes, ElementsAre(Pair("wrong argument", 1u), Pair("wrong tool", 1u)));
  EXPECT_EQ(s.mistakes.at("wrong argument"), 1u);
}

TEST(Summary, CostFollowsTokensAndPriceAndIsAbsentWithoutEither) {
  std::vector rows{tool_result("a", 1), tool_result("b", 1)};
  modelops::Price price{.input_per_million = 2.5, .output_per_million = 10};
  EXPECT_NEAR(*summarize(rows, kPlain, price).cost_per_1000, 0.25 + 0.2, 1e-12);
  EXPECT_FALSE(summarize(rows, kPlain, std::nullopt).cost_per_1000);
  rows[0].cached_prompt_tokens = rows[1].cached_prompt_tokens = 80;
  price.cached_input_per_million = 0.25;
  EXPECT_NEAR(*summarize(rows, kPlain, price).cost_per_1000, 0.05 + 0.02 + 0.2, 1e-12);
  rows[0].cached_prompt_tokens = rows[1].cached_prompt_tokens = 0;
  rows[0].traits.weight = 9;
  rows[1].prompt_tokens = 1100;
  EXPECT_NEAR(*summarize(rows, kPlain, price).cost_per_1000, 0.5 + 0.2, 1e-12) << "of the traffic's mix";
  const std::vector uncounted{text_result("a", 1)};
  const auto s = summarize(uncounted, kPlain, price);
  EXPECT_FALSE(s.cost_per_1000 || s.tokens);
  EXPECT_TRUE(to_json(s, 1)["tokens"].is_null());
}

TEST(Summary, AnAnswerThatWasCutHasBeenPaidFor) {
  std::vector rows{tool_result("a", 1), failed_result("b", "cut at the token limit")};
  rows[1].prompt_tokens = 100;
  rows[1].completion_tokens = 500;
  EXPECT_EQ(summarize(rows, kPlain, std::nullopt).tokens->completion_mean, 260);
}

TEST(Summary, LatencyAloneIsToldFromLatencyUnderLoad) {
  std::vector rows{tool_result("a", 1), tool_result("b", 1), tool_result("c", 1)};
  rows[0].was_alone = true;
  rows[0].latency_seconds = 0.1;
  const auto s = summarize(rows, kPlain, std::nullopt);
  EXPECT_EQ(s.latency_alone->p50, 0.1);
  EXPECT_EQ(s.latency_loaded->p50, 0.5);
  EXPECT_EQ(to_json(s, 16)["latency_seconds"]["loaded"]["parallelism"], 16);
}

TEST(Summary, NoRowsGiveNoFigures) {
  const auto s = summarize({}, kPlain, modelops::Price{});
  EXPECT_FALSE(s.agreement || s.latency_alone || s.cost_per_1000);
  EXPECT_TRUE(to_json(s, 1)["agreement"].is_null());
}

TEST(Summary, ManyDifferentReasonsAreCountedTogether) {
  std::vector<RowResult> rows;
  for (int i = 0; i < 30; ++i) rows.push_back(failed_result(std::to_string(i), "reason " + std::to_string(i)));
  const auto s = summarize(rows, kPlain, std::nullopt);
  EXPECT_EQ(s.failures.size(), 21u);
  EXPECT_EQ(s.failures.at("other reasons"), 10u);
}

/// An evaluation of 40 rows: four requests that are 90 % of the traffic, and 36 that stand for the others.
class Frequent {
 public:
  static constexpr std::size_t kRows = 40, kFrequent = 4;
  using Says = std::function<double(std::size_t row)>;  ///< the score of one answer to it

  static std::vector<EvaluationRow> rows() {
    std::vector<EvaluationRow> rows;
    for (std::size_t i = 0; i < kRows; ++i) {
      EvaluationRow row{.record_id = "r" + std::to_string(i)};
      row.traits = {.kind = modelops::AnswerKind::kToolCalls, .conversation = row.record_id};
      row.traits.is_frequent = i < kFrequent;
      row.traits.weight = i < kFrequent ? 0.9 / kFrequent : 0.1 / (kRows - kFrequent);
      rows.push_back(std::move(row));
    }
    return rows;
  }
  static std::vector<RowResult> asked(const Says& says, modelops::AnswerKind kind = modelops::AnswerKind::kToolCalls) {
    static const std::vector<EvaluationRow> all = rows();
    static const std::vector<std::uint32_t> asks = asks_of(all);
    const char* metric = kind == modelops::AnswerKind::kText ? "rouge_l" : "tool_calls_and_args_match";
    std::vector<RowResult> results;
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (std::uint32_t ask = 0; ask < asks[i]; ++ask) {
        results.push_back({.record_id = all[i].record_id, .traits = all[i].traits, .ask = ask, .asks = asks[i]});
        results.back().traits.kind = kind;
        results.back().scores[metric] = says(i);
      }
    }
    return results;
  }
  static Estimate agreement(const std::vector<RowResult>& results) {
    return agreement_over(results, kPlain, [](const RowResult&) { return true; }).value();
  }
};

bool happens(double chance, Random& random) { return static_cast<double>(random.below(1'000'000)) < chance * 1e6; }

TEST(FrequentRequests, AreAskedByTheirShareAndAtMostAsOftenAsThereAreRows) {
  auto rows = Frequent::rows();
  EXPECT_THAT(asks_of(rows), testing::Contains(9U).Times(4));
  EXPECT_THAT(asks_of(rows), testing::Contains(1U).Times(36));
  for (EvaluationRow& row : rows) row.traits.is_frequent = false;
  EXPECT_THAT(asks_of(rows), testing::Each(1U)) << "the lot has drawn them";
  for (EvaluationRow& row : rows) row.traits.weight = 1;
  for (std::size_t i = 0; i < 20; ++i) {
    rows[i].traits.is_frequent = true;
    rows[i].traits.weight = i == 0 ? 1000 : 30;
  }
  const auto asks = asks_of(rows);
  EXPECT_LE(std::accumulate(asks.begin(), asks.end(), 0U), 80U);
}

TEST(FrequentRequests, OfAModelThatAnswersAtRandomTheIntervalHoldsTheTrueValue) {
  for (const double right : {0.5, 0.8, 0.9, 0.97}) {
    Random random(17);
    int holds = 0, says_yes = 0;
    for (int candidate = 0; candidate < 300; ++candidate) {
      const Estimate e = Frequent::agreement(Frequent::asked([&](std::size_t) { return happens(right, random); }));
      holds += e.interval.low <= right && right <= e.interval.high ? 1 : 0;
      says_yes += p_above(e, right) <= 0.025 ? 1 : 0;
    }
    EXPECT_GE(holds, 276) << right;    // 92 %; nominal are 95 %
    EXPECT_LE(says_yes, 16) << right;  // 2.5 % are 7.5; 16 and more have a chance of 1 in 200
  }
}

TEST(FrequentRequests, OfScoresThatVaryTheIntervalHoldsTheTrueValue) {
  Random random(17);
  int holds = 0;
  for (int candidate = 0; candidate < 300; ++candidate) {
    // Requests differ in how good their answers are, and answers to one request too: 0.8 over the traffic.
    const auto says = [&](std::size_t row) {
      const double usual = row % 2 == 0 ? 0.7 : 0.9;
      return usual + 0.1 * (static_cast<double>(random.below(2001)) / 1000 - 1);
    };
    const Estimate e = Frequent::agreement(Frequent::asked(says, modelops::AnswerKind::kText));
    EXPECT_FALSE(e.is_rate);
    holds += e.interval.low <= 0.8 && 0.8 <= e.interval.high ? 1 : 0;
  }
  EXPECT_GE(holds, 276);
}

TEST(FrequentRequests, OfASteadyModelTheIntervalHoldsTheTrueValueAndARightOnePasses) {
  Random random(17);
  for (int candidate = 0; candidate < 300; ++candidate) {
    std::array<bool, Frequent::kFrequent> knows{};
    double truth = 0.1 * 0.8;
    for (bool& one : knows) {
      one = happens(0.8, random);
      truth += one ? 0.9 / Frequent::kFrequent : 0;
    }
    const Estimate e = Frequent::agreement(
        Frequent::asked([&](std::size_t row) { return row < knows.size() ? knows[row] : happens(0.8, random); }));
    EXPECT_TRUE(e.interval.low <= truth && truth <= e.interval.high) << truth << ": " << e.mean;
  }
  const Estimate right = Frequent::agreement(Frequent::asked([](std::size_t) { return 1; }));
  EXPECT_LE(p_above(right, 0.9), 0.025) << "what 40 rows of other traffic show, these show too";
  EXPECT_GT(right.interval.low, 0.9);
}

TEST(FrequentRequests, ResultsWithOneAnswerToEachShowWhatFewAnswersShow) {
  auto results = Frequent::asked([](std::size_t) { return 1; });
  std::erase_if(results, [](const RowResult& row) { return row.ask > 0; });
  for (RowResult& row : results) row.asks = 1;
  const Estimate e = Frequent::agreement(results);
  EXPECT_EQ(e.n, 40U);
  EXPECT_LT(e.effective_n, 5);
  EXPECT_GT(p_above(e, 0.9), 0.025);
}

TEST(FrequentRequests, AreCountedWithWhatTheyAreOfTheTraffic) {
  int asked = 0;
  auto results = Frequent::asked([&](std::size_t row) { return row == 0 ? asked++ % 3 != 0 : row != 1; });
  for (RowResult& row : results) {
    row.prompt_tokens = 100;
    row.completion_tokens = row.record_id == "r0" ? 50 : 10;
    row.cached_prompt_tokens = row.ask > 0 ? 100 : 20;
    row.latency_seconds = row.ask > 0 ? 0.01 : 1;
  }
  const EvaluationSummary summary = summarize(results, kPlain, std::nullopt);
  EXPECT_EQ(summary.rows, 72U);
  EXPECT_EQ(summary.requests, 40U);
  EXPECT_EQ(summary.frequent.requests, 4U);
  EXPECT_EQ(summary.frequent.asks, 36U);
  EXPECT_EQ(summary.frequent.unsteady, 1U) << "one is wrong each time, which is steady";
  EXPECT_NEAR(summary.frequent.share, 0.9, 1e-12);
  EXPECT_EQ(summary.agreement->n, 72U);
  EXPECT_EQ(summary.agreement->rows, 40U);
  EXPECT_NEAR(summary.agreement->mean, 1 - 0.225 - 0.225 / 3, 1e-12);
  EXPECT_NEAR(summary.tokens->completion_mean, 10 + 40 * 0.225, 1e-9);
  EXPECT_NEAR(summary.tokens->cached_prompt_mean, 20, 1e-9) << "what is asked again at once is always in the cache";
  EXPECT_EQ(summary.latency_loaded->n, 40U);
  EXPECT_EQ(summary.latency_loaded->p50, 1);
}

TEST(FrequentRequests, TwoEvaluationsArePairedAskByAsk) {
  Random random(17);
  const auto a = Frequent::asked([&](std::size_t) { return 1; });
  const auto b = Frequent::asked([&](std::size_t) { return happens(0.5, random); });
  const auto all = compare_evaluations(a, b, kPlain, 1);
  EXPECT_EQ(all->n, 72U);
  EXPECT_NEAR(all->difference, 1 - Frequent::agreement(b).mean, 1e-12);
  // The other was asked fewer times: the request weighs the same.
  auto less = b;
  std::erase_if(less, [](const RowResult& row) { return row.ask >= 3; });
  for (RowResult& row : less) row.asks = std::min(row.asks, 3U);
  for (const auto& one : {compare_evaluations(a, less, kPlain, 1), compare_evaluations(less, a, kPlain, 1)}) {
    EXPECT_EQ(one->n, 48U);
    EXPECT_NEAR(std::abs(one->difference), 1 - Frequent::agreement(less).mean, 1e-12);
  }
}

TEST(FrequentRequests, APartOfTheRowsHasThemAndTheOthersStandForAsMuchTraffic) {
  const auto part = drawn_rows(Frequent::rows(), 10, Random(3));
  ASSERT_EQ(part.size(), 10U);
  double frequent = 0, others = 0;
  for (const EvaluationRow& row : part) (row.traits.is_frequent ? frequent : others) += row.traits.weight;
  EXPECT_NEAR(frequent, 0.9, 1e-12);
  EXPECT_NEAR(others, 0.1, 1e-12);
  const auto few = drawn_rows(Frequent::rows(), 4, Random(3));
  ASSERT_EQ(few.size(), 4U);
  EXPECT_EQ(std::ranges::count_if(few, [](const EvaluationRow& row) { return row.traits.is_frequent; }), 2);
  EXPECT_EQ(drawn_rows(Frequent::rows(), 1, Random(3)).size(), 1U);
  EXPECT_EQ(drawn_rows(Frequent::rows(), 50, Random(3)).size(), 40U);
}

TEST(Difference, FailedRowsTakePart) {
  const std::vector base{tool_result("a", 0), tool_result("b", 0), tool_result("c", 1), tool_result("e", 1)};
  const std::vector rows{tool_result("c", 1), tool_result("a", 1), tool_result("b", 1), failed_result("e", "x"),
                         tool_result("f", 0)};
  const auto d = compare_evaluations(rows, base, kPlain, 1);
  ASSERT_TRUE(d.has_value());
  EXPECT_EQ(d->n, 4u);
  EXPECT_EQ(d->only_a, 2u);
  EXPECT_EQ(d->only_b, 1u);
  EXPECT_EQ(d->test, "mcnemar exact");
  EXPECT_FALSE(compare_evaluations(rows, {}, kPlain, 1));
}

TEST(Difference, OfGradedScoresIsTheSameForTheSameSeed) {
  std::vector<RowResult> base, rows;
  for (int i = 0; i < 30; ++i) {
    base.push_back(text_result(std::to_string(i), 0.2 + 0.01 * (i % 5)));
    rows.push_back(text_result(std::to_string(i), 0.5 + 0.01 * (i % 3)));
  }
  const auto d = compare_evaluations(rows, base, kPlain, 1);
  EXPECT_EQ(d->test, "sign flips");
  // 30 rows, all much alike, leave 11.6 % of the records open.
  EXPECT_NEAR(d->interval.low, d->difference * (1 - 0.116) - 0.116, 0.001);
  EXPECT_LT(d->p_value, 0.001);
  EXPECT_GT(d->p_value, 0);
  EXPECT_EQ(d->p_value, compare_evaluations(rows, base, kPlain, 1)->p_value);
}

TEST(Difference, OfAnswersThatAreAllAlikeIsNotKnownExactly) {
  std::vector<RowResult> base, rows;
  for (int i = 0; i < 40; ++i) {
    base.push_back(text_result(std::to_string(i), 0.6));
    rows.push_back(text_result(std::to_string(i), 0.6));
  }
  const auto same = compare_evaluations(rows, base, kPlain, 1);
  EXPECT_NEAR(same->interval.low, -0.088, 0.001) << "as Newcombe's interval of 40 rates that are alike";
  EXPECT_NEAR(same->interval.high, 0.088, 0.001);
  for (RowResult& row : base) row = text_result(row.record_id, 0);
  for (RowResult& row : rows) row = text_result(row.record_id, 1);
  const auto all = compare_evaluations(rows, base, kPlain, 1);
  EXPECT_EQ(all->interval.high, 1);
  EXPECT_NEAR(all->interval.low, 1 - 2 * 0.088, 0.001);
}

RowResult production_row(const std::string& id, const std::string& reference, bool has_call) {
  RowResult row = has_call ? tool_result(id, 0) : text_result(id, 0);
  row.request =
      R"({"messages":[{"role":"user","content":"q"}],"tools":[{"type":"function","function":{"name":"ping"}}]})";
  row.reference = reference;
  return row;
}

TEST(Baselines, AreScoredAsAnyAnswer) {
  const std::string ping =
      R"({"role":"assistant","content":"","tool_calls":[{"id":"x","type":"function","function":{"name":"ping","arguments":{}}}]})";
  std::vector<RowResult> rows;
  for (int i = 0; i < 6; ++i) rows.push_back(production_row("t" + std::to_string(i), ping, true));
  for (int i = 0; i < 4; ++i)
    rows.push_back(production_row("n" + std::to_string(i), R"({"role":"assistant","content":"No."})", false));
  const auto baselines = trivial_baselines(rows, kPlain);
  ASSERT_EQ(baselines.size(), 3u);
  for (const Baseline& one : baselines)
    EXPECT_NEAR(one.agreement.mean, one.name == "no_call" ? 0.4 : 0.6, 1e-12) << one.name;
  EXPECT_EQ(baselines.front().agreement.mean, 0.6);
}

TEST(Baselines, TheMostFrequentAnswerIsCountedInAllItsWritings) {
  const auto row = [](const std::string& id, const std::string& arguments) {
    RowResult one = production_row(
        id,
        R"({"role":"assistant","content":"","tool_calls":[{"id":"x","type":"function","function":{"name":"ping","arguments":)" +
            arguments + "}}]}",
        true);
    one.request =
        R"({"messages":[{"role":"user","content":"q"}],"tools":[{"type":"function","function":{"name":"ping","parameters":)"
        R"({"type":"object","properties":{"id":{"type":"string"},"n":{"type":"integer","default":1}}}}}]})";
    return one;
  };
  const std::vector rows{row("a", R"({"id":"x"})"), row("b", R"({"id":"x","n":1})"), row("c", R"({"n":1.0,"id":"x"})"),
                         row("d", R"({"id":"z"})"), row("e", R"({"id":"z"})")};
  EXPECT_NEAR(trivial_baselines(rows, kPlain).front().agreement.mean, 0.6, 1e-12);
}

TEST(Baselines, StandOnTheJudgesRatingsWhereItRatedTheTrivialText) {
  std::vector<RowResult> rated;
  for (int i = 0; i < 3; ++i) {
    rated.push_back(production_row("n" + std::to_string(i), R"({"role":"assistant","content":"No."})", false));
    rated.back().scores = {{"rouge_l", 1.0}, {"similarity", 0.25}};
  }
  const auto baselines = trivial_baselines(rated, {.has_judge = true});
  ASSERT_EQ(baselines.size(), 2u);
  for (const Baseline& one : baselines) EXPECT_NEAR(one.agreement.mean, 0.25, 1e-12) << one.name;
  EXPECT_NEAR(trivial_baselines(rated, kPlain).front().agreement.mean, 1, 1e-12);
}

TEST(Permutation, DrawsAgreeWithTheFullEnumeration) {
  std::vector<double> differences{0.3,  -0.1, 0.2, 0.5,  -0.4, 0.1, 0.0,  0.25, 0.3,
                                  -0.2, 0.1,  0.4, -0.3, 0.2,  0.1, 0.05, 0.15, -0.1};
  const double exact = permutation_exact(differences).two_sided;
  EXPECT_NEAR(permutation_test(differences, 200'000, Random(5)).two_sided, exact, 0.005);
}

}  // namespace
}  // namespace fw::evals

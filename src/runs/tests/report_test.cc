#include "runs/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>

#include "runs/impl/dataset_stage.h"
#include "runs/impl/ranking.h"
#include "runs/run_config_json.h"
#include "runs/tests/schema.h"
#include "runs/tests/world.h"

namespace fw::runs {
namespace {

using nlohmann::ordered_json;
using ::testing::HasSubstr;
using testing::Life;
using testing::live;
using ::testing::Not;
using ::testing::SizeIs;
using testing::World;

class ReportTest : public ::testing::Test {
 protected:
  ordered_json run() {
    ordered_json report;
    live(world_, [&](Life& life) -> Task<void> {
      const auto job = co_await life.create();
      co_await life.finish(job->id);
      auto text = co_await life.service.report(job->id);
      EXPECT_TRUE(text.ok()) << text.error();
      report = ordered_json::parse(text.ok() ? *text : "{}");
    });
    return report;
  }
  World world_;
};

TEST_F(ReportTest, HasTheMembersOfItsFormat) {
  const auto report = run();
  for (const auto* member :
       {"version", "software", "job", "summary", "production", "scoring", "baselines", "candidates", "ranking",
        "head_to_head", "divergent_rows", "trust", "serve", "reproduce", "dataset", "config"}) {
    EXPECT_TRUE(report.contains(member)) << member;
  }
  EXPECT_EQ(report["version"], 2);
  EXPECT_EQ(report["job"]["status"], "completed") << report["job"]["error"];
  EXPECT_EQ(report["job"]["seed"], 7);
  EXPECT_EQ(report["scoring"]["leading"]["name"], "agreement");
}

TEST_F(ReportTest, FitsItsSchemaHoweverTheRunEnded) {
  const char* source = std::getenv("FLYWHEEL_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  const auto schema = testing::Schema::read(std::string(source) + "/docs/formats/report.schema.json");
  const auto fits = [&](const ordered_json& report) { return schema.violations(nlohmann::json::parse(report.dump())); };
  EXPECT_THAT(fits(run()), ::testing::IsEmpty());
  world_.config.production.endpoint = modelops::Endpoint{"http://prod/v1", "prod-again", ""};
  world_.config.production.price = modelops::Price{2.5, 10, 0.25};
  world_.config.use_corrections = true;
  world_.config.promising = {.margin = 0.3, .min_rows = 10};
  ordered_json changed = run();
  EXPECT_THAT(fits(changed), ::testing::IsEmpty());
  world_.log.error = "the log store is closed";
  EXPECT_THAT(fits(run()), ::testing::IsEmpty());
  changed["summary"]["decision"] = "perhaps";
  changed["ranking"].erase("rule");
  changed["summary"]["unheard_of"] = 1;
  changed["candidates"][0]["evaluations"][0]["latency_seconds"]["loaded"]["p99"] = 1;
  EXPECT_THAT(fits(changed), SizeIs(4)) << "a check that cannot fail";
}

TEST_F(ReportTest, SaysOnTopWhatALeadDecidesBy) {
  world_.config.promising = {.margin = 0.3, .min_rows = 10};
  const auto summary = run()["summary"];
  EXPECT_EQ(summary["decision"], "yes");
  EXPECT_EQ(summary["model_name"], "big");
  EXPECT_EQ(summary["variant"], "customized-eval");
  EXPECT_EQ(summary["score"]["n"], 20);
  EXPECT_EQ(summary["score"]["right"], 20);
  EXPECT_NEAR(summary["threshold"]["value"].get<double>(), 0.7, 1e-12);
  EXPECT_EQ(summary["threshold"]["set_by"], "configuration (promising.margin)");
  EXPECT_EQ(summary["wrong_per_1000"]["mean"], 0.0);
  EXPECT_GT(summary["wrong_per_1000"]["high"].get<double>(), 100.0);  // 20 rows cannot say more
  EXPECT_FALSE(summary["next_steps"].empty());
}

TEST_F(ReportTest, ModelsAsTheyAreAreAskedFewerRowsWhereSaid) {
  world_.config.promising = {.margin = 0.3, .min_rows = 10};
  world_.config.evaluation.untuned_rows = 12;
  const auto report = run();
  const auto& tuned = report["candidates"][0]["evaluations"];
  EXPECT_EQ(tuned[0]["rows"], 12);
  EXPECT_EQ(tuned[1]["rows"], 12);
  EXPECT_EQ(tuned[2]["rows"], 20);
  EXPECT_EQ(tuned[2]["difference_to_base"]["n"], 12) << "paired over the rows that both have";
  EXPECT_EQ(report["candidates"][1]["evaluations"][0]["rows"], 20) << "nothing else is known of it";
  for (const auto& one : report["baselines"]) EXPECT_EQ(one["n"], 20) << one;
  EXPECT_EQ(report["summary"]["decision"], "yes");
  EXPECT_THAT(report["scoring"]["notes"].dump(), ::testing::HasSubstr("evaluation.untuned_rows"));
  EXPECT_EQ(tuned[2]["verdict"]["tests"], 3) << "of what asked all rows";

  world_.config.evaluation.untuned_rows = 20;
  const auto whole = run();
  EXPECT_EQ(whole["candidates"][0]["evaluations"][2]["verdict"]["tests"], 5) << "all rows are no part";
}

TEST_F(ReportTest, SaysThatTheNewestTrafficIsNotMeasured) {
  const auto report = run();
  ASSERT_TRUE(report["summary"]["newest"].is_null());
  const auto& checks = report["trust"]["checks"];
  const auto check = std::ranges::find(checks, "newest traffic", [](const ordered_json& one) { return one["name"]; });
  ASSERT_NE(check, checks.end());
  EXPECT_EQ((*check)["ok"], false);
  EXPECT_THAT((*check)["text"].get<std::string>(), HasSubstr("newest_holdout is 0"));
  EXPECT_THAT(report["summary"]["next_steps"].dump(), HasSubstr("newest_holdout: 0.1"));
}

TEST_F(ReportTest, TrivialAnswersStandBesideTheCandidates) {
  const auto baselines = run()["baselines"];
  ASSERT_THAT(baselines, SizeIs(3));
  for (const auto& one : baselines) EXPECT_EQ(one["n"], 20) << one;
}

/// A run over rows of text that a judge rates: what it made of a candidate and of the trivial text.
class JudgedReport {
 public:
  JudgedReport() {
    input_.config.candidates = {World::candidate("small", false)};
    input_.config.judge = modelops::Judge{{"http://judge/v1", "judge", ""}};
    CandidateState state{.model_name = "small"};
    state.evaluations.push_back({.variant = modelops::VariantId("base-eval"), .finished_at = Timestamp{}});
    input_.job.candidates = {state};
    rate_baseline(0.1);
  }
  void rate_candidate(double rating, double rouge) {
    input_.evaluations[{0, modelops::VariantId("base-eval")}] = {rows(rating, rouge), {}};
  }
  void rate_baseline(double rating) { input_.baseline = EvaluationRows{rows(rating, 0.3), {}}; }
  void forget_baseline() { input_.baseline.reset(); }
  /// Common words score `score` on every second row, 0.5 on the others.
  void rate_common_words(double score) {
    auto& rows = input_.evaluations[{0, modelops::VariantId("base-eval")}].rows;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i].scores["token_f1"] = i % 2 == 0 ? score : 0.5;
      rows[i].scores["similarity"] = i % 2 == 0 ? 1 : 0.5;
    }
  }
  void lead_by(std::string metric) { input_.config.evaluation.text_metric = std::move(metric); }
  [[nodiscard]] ordered_json report() const { return build_report(input_); }

 private:
  /// Every tenth rating lies a step below.
  static std::vector<modelops::RowResult> rows(double rating, double rouge) {
    std::vector<modelops::RowResult> rows;
    for (int i = 0; i < 200; ++i) {
      const std::string id = "r" + std::to_string(i);
      modelops::RowResult row{.record_id = id};
      row.traits.kind = modelops::AnswerKind::kText;
      row.traits.conversation = id;
      row.request = R"({"messages":[{"role":"user","content":"write )" + id + "\"}]}";
      row.reference = R"({"role":"assistant","content":"text )" + id + "\"}";
      row.response = R"({"choices":[{"message":{"role":"assistant","content":"said"}}]})";
      row.scores = {{"similarity", i % 10 == 0 ? std::max(0.0, rating - 1.0 / 9) : rating}, {"rouge_l", rouge}};
      rows.push_back(std::move(row));
    }
    return rows;
  }
  ReportInput input_{.job = {}, .config = {}};
};

TEST(JudgedReportTest, AGoodParaphraserGetsAYesWhateverItsWords) {
  JudgedReport run;
  run.rate_candidate(1, 0.2);
  const auto report = run.report();
  EXPECT_EQ(report["summary"]["decision"], "yes") << report["summary"].dump(1);
  EXPECT_LT(report["baselines"][0]["mean"].get<double>(), 0.11);
  EXPECT_GT(report["candidates"][0]["evaluations"][0]["difference_to_best_baseline"]["difference"].get<double>(), 0.8);
  EXPECT_THAT(report["scoring"]["notes"].dump(), HasSubstr("the judge rated the trivial text too"));
}

TEST(JudgedReportTest, NonsenseGetsANoWhateverItsWords) {
  JudgedReport run;
  run.rate_candidate(0.1, 0.9);
  const auto summary = run.report()["summary"];
  EXPECT_EQ(summary["decision"], "no");
  EXPECT_THAT(summary["reasons"][0].get<std::string>(), HasSubstr("no better than always"));
}

TEST(JudgedReportTest, AModelNoBetterThanTheTrivialTextGetsNoYesFromAGenerousJudge) {
  JudgedReport run;
  run.rate_candidate(1, 0.9);
  run.rate_baseline(1);
  const auto report = run.report();
  EXPECT_EQ(report["summary"]["decision"], "not_decided") << "such a judge says nothing of the model either";
  EXPECT_THAT(report["summary"]["reasons"][0].get<std::string>(),
              HasSubstr("does not tell a good answer from a trivial"));
  EXPECT_FALSE(report["trust"]["clean"]);
}

/// Of the rows 0 to 39 the first one is half of the traffic and was asked 40 times; each `bad`-th ask of it is wrong.
ordered_json report_with_a_frequent_request(int bad) {
  ReportInput input;
  input.config.candidates = {World::candidate("small", false)};
  input.config.promising = {.margin = 0.2, .min_rows = 40};
  CandidateState state{.model_name = "small"};
  state.evaluations.push_back({.variant = modelops::VariantId("base-eval"), .finished_at = Timestamp{}});
  input.job.candidates = {state};
  std::vector<modelops::RowResult> rows;
  const auto add = [&](int row, std::uint32_t ask, std::uint32_t asks, double score) {
    const std::string id = "r" + std::to_string(row);
    modelops::RowResult one{.record_id = id, .ask = ask, .asks = asks};
    one.traits = {.kind = modelops::AnswerKind::kToolCalls, .conversation = id, .weight = row == 0 ? 39.0 : 1.0};
    one.traits.is_frequent = row == 0;
    one.response = R"({"choices":[{"message":{"role":"assistant","content":")" + std::to_string(score) + "\"}}]}";
    one.scores["tool_calls_and_args_match"] = score;
    one.attempts = 1;
    rows.push_back(std::move(one));
  };
  for (int row = 0; row < 40; ++row) add(row, 0, row == 0 ? 40 : 1, 1);
  for (std::uint32_t ask = 1; ask < 40; ++ask) add(0, ask, 40, static_cast<int>(ask) % bad == 0 ? 0 : 1);
  input.evaluations[{0, modelops::VariantId("base-eval")}] = {std::move(rows), {}};
  return build_report(input);
}

TEST(FrequentRequestTest, OneThatIsAnsweredNowRightNowWrongIsOneRowThatDiffers) {
  const auto report = report_with_a_frequent_request(2);
  EXPECT_THAT(report["summary"]["reasons"][0].get<std::string>(), HasSubstr("right on 60 of 79 asks of 40 rows"));
  EXPECT_NE(report["summary"]["decision"], "yes");
  ASSERT_EQ(report["divergent_rows"]["total"], 1);
  const auto& row = report["divergent_rows"]["rows"][0];
  EXPECT_EQ(row["record_id"], "r0");
  EXPECT_EQ(row["answers"][0]["asks"], 40);
  EXPECT_EQ(row["answers"][0]["asks_divergent"], 19);
  EXPECT_EQ(row["answers"][0]["agreement"], 0) << "an answer that differs is shown";
  const auto& checks = report["trust"]["checks"];
  const auto check = std::ranges::find(checks, "frequent requests", [](const auto& one) { return one["name"]; });
  ASSERT_NE(check, checks.end());
  EXPECT_EQ((*check)["text"],
            "one request is 50.0 % of the traffic and was asked 40 times: not every answer agrees as much with "
            "production");
  EXPECT_EQ(report_with_a_frequent_request(100)["summary"]["decision"], "yes");
}

TEST(TrustTest, AnswersThatStandInTrainingWeakenTheResult) {
  ReportInput input;
  input.config.candidates = {World::candidate("small", false)};
  input.dataset_card = R"({"leak": {"eval_rows_answered_in_training": 5, "eval_rows_own_answer_in_training": 3}})";
  const auto trust = build_report(input)["trust"];
  EXPECT_FALSE(trust["clean"]);
  EXPECT_THAT(trust.dump(), HasSubstr("the answers of 3 evaluation rows, which hardly another row gives, stand in"));
}

std::string judge_check(const ordered_json& report) {
  for (const auto& check : report["trust"]["checks"]) {
    if (check["name"] == "judge on texts")
      return (check["ok"].get<bool>() ? "ok: " : "not ok: ") + check["text"].get<std::string>();
  }
  return "none";
}

TEST(JudgedReportTest, TheJudgeStandsBesideTheRuleThatWouldLeadWithoutIt) {
  JudgedReport run;
  run.rate_candidate(1, 0.9);
  EXPECT_EQ(judge_check(run.report()), "none") << "a rule that scores all rows alike tells nothing";
  run.lead_by("token_f1");
  run.rate_common_words(0.9);
  EXPECT_EQ(judge_check(run.report()),
            "ok: the judge's ratings and common words (F1) go together with 1.00 (Spearman, 200 answers)");
  run.rate_common_words(0.1);
  EXPECT_EQ(judge_check(run.report()),
            "not ok: the judge's ratings and common words (F1) go together with -1.00 (Spearman, 200 answers)");
}

TEST(JudgedReportTest, WithoutItsRatingOfTheTrivialTextWordsAreComparedAndThatIsSaid) {
  JudgedReport run;
  run.rate_candidate(1, 0.2);
  run.forget_baseline();
  const auto report = run.report();
  EXPECT_EQ(report["summary"]["decision"], "not_decided");
  EXPECT_THAT(report["scoring"]["notes"].dump(), HasSubstr("did not rate the trivial baselines"));
}

TEST_F(ReportTest, TheJudgeRatesTheTrivialTextBeforeTheCandidates) {
  world_.config.judge = modelops::Judge{{"http://judge/v1", "judge", ""}};
  world_.config.promising = {.margin = 0.3, .min_rows = 10};
  const auto report = run();
  EXPECT_EQ(report["summary"]["decision"], "yes");
  EXPECT_THAT(report["scoring"]["notes"].dump(), HasSubstr("the judge rated the trivial text too"));
  world_.script.fails = {"baseline "};
  const auto without = run();
  EXPECT_EQ(without["job"]["status"], "completed") << without["job"]["error"];
  EXPECT_THAT(without["scoring"]["notes"].dump(), HasSubstr("did not rate the trivial baselines"));
}

TEST_F(ReportTest, RanksEveryFinishedEvaluationOnce) {
  const auto report = run();
  std::size_t finished = 0;
  for (const auto& candidate : report["candidates"]) {
    for (const auto& evaluation : candidate["evaluations"]) finished += evaluation["error"].is_null() ? 1 : 0;
  }
  const auto& entries = report["ranking"]["entries"];
  ASSERT_EQ(entries.size(), finished);
  for (std::size_t i = 0; i < entries.size(); ++i) EXPECT_EQ(entries[i]["rank"], i + 1);
  EXPECT_EQ(entries[0]["eval_type"], "customized-eval");
}

TEST_F(ReportTest, KeepsEveryScoreWithinItsInterval) {
  const auto report = run();
  for (const auto& candidate : report["candidates"]) {
    for (const auto& evaluation : candidate["evaluations"]) {
      EXPECT_EQ(evaluation["rows"], 20);
      EXPECT_LE(evaluation["agreement"]["low"], evaluation["agreement"]["mean"]);
      for (const auto& score : evaluation["scores"]) {
        EXPECT_LE(score["low"], score["mean"]);
        EXPECT_GE(score["high"], score["mean"]);
      }
    }
  }
}

TEST_F(ReportTest, ComparesWithTheBaseOnTheSameRows) {
  const auto report = run();
  const auto& evaluations = report["candidates"][0]["evaluations"];
  EXPECT_TRUE(evaluations[0]["difference_to_base"].is_null());
  const auto mean = [](const auto& e) { return e["agreement"]["mean"].template get<double>(); };
  const auto& difference = evaluations[2]["difference_to_base"];
  EXPECT_EQ(difference["n"], 20);
  EXPECT_NEAR(difference["difference"].get<double>(), mean(evaluations[2]) - mean(evaluations[0]), 1e-12);
}

TEST(ProductionUsage, IsOfTheTrafficsMixAndKnowsCachedTokens) {
  const auto usage = production_usage(
      R"({"weight":9,"response":{"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":100,"completion_tokens":10}}})"
      "\n"
      R"({"weight":1,"response":{"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":1100,"completion_tokens":10,"prompt_tokens_details":{"cached_tokens":1000}}}})"
      "\n");
  ASSERT_TRUE(usage);
  EXPECT_NEAR(usage->prompt_tokens_mean, 200, 1e-9);
  EXPECT_NEAR(usage->cached_prompt_tokens_mean, 100, 1e-9);
  EXPECT_NEAR(usage->completion_tokens_mean, 10, 1e-9);
  EXPECT_EQ(usage->rows, 2u);
  EXPECT_FALSE(production_usage("{}\n"));
}

TEST_F(ReportTest, SetsTheCostAgainstProduction) {
  const auto report = run();
  // 200 prompt and 20 completion tokens at 10 and 20 dollars per million.
  EXPECT_NEAR(report["production"]["cost_per_1000"].get<double>(), 2.4, 1e-9);
  // 100 and 10 tokens at 1 and 2 dollars per million.
  EXPECT_NEAR(report["candidates"][0]["evaluations"][0]["cost_per_1000"].get<double>(), 0.12, 1e-9);
}

TEST_F(ReportTest, SaysWhenThereAreTooFewRows) {
  const auto report = run();
  const auto& best = report["ranking"]["entries"][0];
  EXPECT_EQ(best["score"], 1.0);
  EXPECT_EQ(best["decision"], "not_decided");
  EXPECT_FALSE(best["promising"].get<bool>());
  EXPECT_THAT(best["reason"].get<std::string>(), HasSubstr("promising.min_rows"));
}

TEST_F(ReportTest, ComparesEveryCandidateWithEveryOther) {
  const auto pairs = run()["head_to_head"];
  ASSERT_THAT(pairs, SizeIs(1));
  EXPECT_EQ(pairs[0]["a"]["model_name"], "big");
  EXPECT_EQ(pairs[0]["b"]["model_name"], "small");
  EXPECT_EQ(pairs[0]["n"], 20);
  EXPECT_LE(pairs[0]["p_value"], pairs[0]["p_adjusted"]);
}

TEST_F(ReportTest, ProductionIsAskedAgainWhereItCanBe) {
  world_.config.production.endpoint = modelops::Endpoint{"http://prod/v1", "prod-again", ""};
  const auto report = run();
  const auto& ceiling = report["production"]["ceiling"];
  EXPECT_EQ(ceiling["source"], "assumed") << "20 rows are too few to say how far production agrees with itself";
  ASSERT_THAT(report["head_to_head"], SizeIs(3));
  EXPECT_EQ(report["head_to_head"][1]["b"]["variant"], "production");
  EXPECT_TRUE(report["head_to_head"][1].contains("p_noninferior"));
}

TEST_F(ReportTest, AnotherSystemPromptIsEvaluatedRankedAndGivenBack) {
  world_.config.candidates[0].customization_enabled = false;
  auto& variants = world_.config.evaluation.variants;
  variants = {*modelops::find_variant("base-eval"), *modelops::find_variant("polite-eval"),
              *modelops::find_variant("polite-icl-eval")};
  variants[1].system_prompt = variants[2].system_prompt = "Be polite.";
  const auto report = run();
  const auto& evaluations = report["candidates"][0]["evaluations"];
  ASSERT_THAT(evaluations, SizeIs(3));
  EXPECT_EQ(evaluations[1]["variant"], "polite-eval");
  EXPECT_EQ(evaluations[1]["eval_type"], "base-eval");
  EXPECT_EQ(evaluations[1]["rows"], 20);
  EXPECT_GT(evaluations[1]["cost_per_1000"].get<double>(), 0);
  EXPECT_EQ(evaluations[1]["difference_to_base"]["n"], 20);
  EXPECT_THAT(report["ranking"]["entries"], SizeIs(6));
  EXPECT_EQ(report["ranking"]["entries"][0]["variant"], "polite-eval")
      << "the fake's answers are right but for base-eval";
  EXPECT_EQ(report["serve"][0]["command"], "Be polite.");
  ASSERT_THAT(report["serve"], SizeIs(2));
  EXPECT_THAT(report["serve"][1]["command"].get<std::string>(),
              ::testing::AllOf(HasSubstr("llama-server -m "), ::testing::Not(HasSubstr("--lora"))))
      << "what was not trained has nothing to export";
  EXPECT_THAT(report["config"].dump(), HasSubstr("Be polite."));
  const auto read = run_config_from_json(to_json(world_.config).dump());
  ASSERT_TRUE(read.ok()) << read.error();
  EXPECT_EQ(read->evaluation.variants, variants);
}

TEST_F(ReportTest, WhatWasAskedWithExamplesIsServedWithThem) {
  world_.config.evaluation.variants = {*modelops::find_variant("icl-eval")};
  const auto report = run();
  ASSERT_THAT(report["serve"], SizeIs(2));
  EXPECT_THAT(report["serve"][0]["title"].get<std::string>(), HasSubstr("in-context examples"));
  EXPECT_THAT(report["serve"][0]["command"].get<std::string>(), HasSubstr("flywheel-icl-"));
}

TEST_F(ReportTest, ExamplesThatAnEmbeddingModelChoseAreSaidToBe) {
  world_.config.icl.selection = dataset::ExampleSelection::kSimilar;
  world_.config.icl.embedding = modelops::ModelSpec{
      .name = "letters", .endpoint = modelops::Endpoint{.url = "http://e.test/v1", .model = "letters"}};
  const auto report = run();
  EXPECT_THAT(report["dataset"]["notes"].dump(), HasSubstr("the vectors of letters"));
  EXPECT_EQ(report["candidates"][0]["evaluations"][1]["variant"], "icl-eval");
}

TEST_F(ReportTest, AVariantOfOnesOwnIsEvaluatedAndReported) {
  world_.config.evaluation.variants = {*modelops::find_variant("base-eval"),
                                       *modelops::find_variant("customized-icl-eval")};
  const auto evaluations = run()["candidates"][0]["evaluations"];
  ASSERT_THAT(evaluations, SizeIs(2));
  EXPECT_EQ(evaluations[1]["variant"], "customized-icl-eval");
  EXPECT_EQ(evaluations[1]["eval_type"], "customized-eval");
}

TEST_F(ReportTest, AccountsForEveryRecordOfTheDatasets) {
  const auto report = run();
  std::uint64_t before = 60;
  for (const auto& step : report["dataset"]["steps"]) {
    EXPECT_EQ(step["in"], before);
    std::uint64_t left_out = 0;
    for (const auto& [reason, count] : step["reasons"].items()) left_out += count.get<std::uint64_t>();
    EXPECT_EQ(step["in"].get<std::uint64_t>(), step["out"].get<std::uint64_t>() + left_out);
    before = step["out"];
  }
  EXPECT_THAT(report["dataset"]["datasets"], SizeIs(3));
}

TEST_F(ReportTest, ShowsAllDivergentRowsWithEveryCandidatesAnswer) {
  world_.config.candidates[0].customization_enabled = false;
  const auto divergent = run()["divergent_rows"];
  const auto& rows = divergent["rows"];
  ASSERT_FALSE(rows.empty());
  EXPECT_EQ(divergent["total"], rows.size());
  EXPECT_EQ(divergent["left_out"], 0);
  for (const auto& row : rows) {
    EXPECT_THAT(row["answers"], SizeIs(2));
    EXPECT_EQ(row["answers"][0]["agreement"], 0.0);
    EXPECT_EQ(row["messages"][0]["role"], "user");
    EXPECT_EQ(row["reference"]["role"], "assistant");
  }
}

TEST_F(ReportTest, HoldsTheTrainingCurve) {
  const auto report = run();
  const auto& customization = report["candidates"][0]["customization"];
  EXPECT_THAT(customization["curve"], SizeIs(10));
  EXPECT_EQ(customization["device"], "a card");
  EXPECT_EQ(customization["settings"]["epochs"], 2);
  EXPECT_TRUE(report["candidates"][1]["customization"].is_null());
}

TEST_F(ReportTest, TellsOfAFailedJob) {
  world_.log.error = "the log store is closed";
  const auto report = run();
  EXPECT_EQ(report["job"]["status"], "failed");
  EXPECT_THAT(report["job"]["error"].get<std::string>(), HasSubstr("the log store is closed"));
  EXPECT_TRUE(report["ranking"]["entries"].empty());
  EXPECT_EQ(report["summary"]["decision"], "not_decided");
  EXPECT_THAT(report["summary"]["reasons"].dump(), HasSubstr("the log store is closed"));
}

TEST_F(ReportTest, ShowsHowFarAnUnfinishedJobHasCome) {
  world_.script.stalls_at = "train big";
  live(world_, [&](Life& life) -> Task<void> {
    const auto job = co_await life.create();
    EXPECT_TRUE(co_await life.until([&] { return !world_.script.reached.empty(); }));
    const auto report = ordered_json::parse((co_await life.service.report(job->id)).value_or("{}"));
    EXPECT_EQ(report["job"]["status"], "running");
    EXPECT_THAT(report["ranking"]["entries"], SizeIs(2));
    EXPECT_EQ(report["candidates"][0]["customization"]["status"], "running");
  });
}

TEST_F(ReportTest, ShowsNoSecretsOfTheConfiguration) {
  world_.config.webhooks = {{"https://user:s3cret@hooks.example/T0/B0/t0ken?key=k", "HOOK_KEY", 1}};
  world_.config.judge = modelops::Judge{{"http://me:pass@judge:8000/v1?api_key=x", "judge", "JUDGE_KEY"}};
  const std::string text = run().dump();
  EXPECT_THAT(text, HasSubstr("https://hooks.example\""));
  EXPECT_THAT(text, HasSubstr("http://judge:8000/v1\""));
  for (const auto* secret : {"s3cret", "t0ken", "pass@", "api_key=x"}) EXPECT_THAT(text, Not(HasSubstr(secret)));
}

/// Contenders and the summaries that they refer to.
class Field {
 public:
  void add(std::size_t candidate, Decision decision, double low, std::optional<double> cost, std::string name) {
    auto& summary = summaries_.emplace_back();
    summary.agreement = evals::Estimate{.n = 100, .rows = 100, .mean = low + 0.01, .interval = {low, 1}};
    summary.cost_per_1000 = cost;
    contenders_.push_back(
        {candidate, std::move(name), modelops::known_variants()[0], &summary, {.decision = decision}});
  }
  std::vector<std::size_t> ranked() {
    rank(contenders_);
    std::vector<std::size_t> order;
    for (const auto& one : contenders_) order.push_back(one.candidate);
    return order;
  }

 private:
  std::deque<evals::EvaluationSummary> summaries_;
  std::vector<Contender> contenders_;
};

TEST(Ranking, PutsTheCheapestThatIsAsGoodFirstAndThoseOfUnknownCostLast) {
  Field field;
  field.add(0, Decision::kYes, 0.99, 2.0, "a");
  field.add(1, Decision::kYes, 0.96, 1.0, "b");
  field.add(2, Decision::kYes, 0.97, std::nullopt, "c");
  field.add(3, Decision::kNo, 0.5, 0.1, "d");
  EXPECT_EQ(field.ranked(), (std::vector<std::size_t>{1, 0, 2, 3}));
}

TEST(Ranking, OrdersTheOthersByDecisionThenByTheirLowerBound) {
  Field field;
  field.add(0, Decision::kNo, 0.9, 0.1, "a");
  field.add(1, Decision::kNotDecided, 0.6, 5.0, "b");
  field.add(2, Decision::kNotDecided, 0.7, 9.0, "c");
  EXPECT_EQ(field.ranked(), (std::vector<std::size_t>{2, 1, 0}));
}

TEST(Ranking, TiesFallToTheCheaperThenToTheName) {
  Field field;
  field.add(0, Decision::kNo, 0.5, 2.0, "b");
  field.add(1, Decision::kNo, 0.5, 2.0, "a");
  field.add(2, Decision::kNo, 0.5, 1.0, "z");
  EXPECT_EQ(field.ranked(), (std::vector<std::size_t>{2, 1, 0}));
}

TEST(RunConfigJson, ReturnsWhatItWasGiven) {
  World world;
  world.config.webhooks = {{"http://app/hook", "HOOK_KEY", 3}};
  world.config.candidates[1].model.endpoint = modelops::Endpoint{"http://e/v1", "m", "KEY"};
  world.config.candidates[1].model.path.clear();
  world.config.candidates[0].model.keep_layers = {0, 1, 29};
  world.config.split.limit.reset();
  world.config.training.alpha = 64;
  world.config.training.schedule = modelops::Schedule::kCosine;
  world.config.training.precision = modelops::TrainingPrecision::kFp32;
  const auto text = to_json(world.config).dump();
  const auto read = run_config_from_json(text);
  ASSERT_TRUE(read.ok()) << read.error();
  EXPECT_EQ(to_json(*read).dump(), text);
  EXPECT_FALSE(read->split.limit);
}

TEST(RunConfigJson, RefusesWhatIsNone) {
  for (const auto* text : {"", "[]", "{}", R"({"version":2})", "{\"version\":1}"}) {
    EXPECT_EQ(run_config_from_json(text).error().code, ErrorCode::kDataLoss) << text;
  }
}

}  // namespace
}  // namespace fw::runs

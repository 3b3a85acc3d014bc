#include "runs/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evals/statistics/proportion.h"
#include "runs/impl/ranking.h"
#include "runs/run_config_json.h"
#include "runs/tests/world.h"

namespace fw::runs {
namespace {

using modelops::EvalType;
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
  for (const auto* member : {"version", "software", "job", "production", "leading_score", "scoring", "candidates",
                             "ranking", "divergent_rows", "dataset", "config"}) {
    EXPECT_TRUE(report.contains(member)) << member;
  }
  EXPECT_EQ(report["job"]["status"], "completed");
  EXPECT_EQ(report["job"]["seed"], 7);
  EXPECT_EQ(report["leading_score"], "function_name_and_args_accuracy");
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
  const auto mean = [](const auto& e) {
    for (const auto& score : e["scores"]) {
      if (score["name"] == "function_name_and_args_accuracy") return score["mean"].template get<double>();
    }
    return -1.0;
  };
  const auto& difference = evaluations[2]["difference_to_base"];
  EXPECT_EQ(difference["n"], 20);
  EXPECT_NEAR(difference["difference"].get<double>(), mean(evaluations[2]) - mean(evaluations[0]), 1e-12);
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
  EXPECT_FALSE(best["promising"].get<bool>());
  EXPECT_THAT(best["reason"].get<std::string>(), HasSubstr("53 more rows"));  // Wilson: 73 of 73 are needed
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

TEST_F(ReportTest, ShowsTheFirstDivergentRowsWithEveryCandidatesAnswer) {
  world_.config.candidates[0].customization_enabled = false;
  const auto report = run();
  const auto& rows = report["divergent_rows"];
  ASSERT_FALSE(rows.empty());
  EXPECT_LE(rows.size(), 20U);
  for (const auto& row : rows) {
    EXPECT_THAT(row["answers"], SizeIs(2));
    EXPECT_EQ(row["answers"][0]["scores"]["function_name_and_args_accuracy"], 0.0);
    EXPECT_EQ(row["messages"][0]["role"], "user");
    EXPECT_EQ(row["reference"]["role"], "assistant");
  }
}

TEST_F(ReportTest, HoldsTheTrainingCurve) {
  const auto report = run();
  const auto& customization = report["candidates"][0]["customization"];
  EXPECT_THAT(customization["curve"], SizeIs(10));
  EXPECT_EQ(customization["settings"]["epochs"], 2);
  EXPECT_TRUE(report["candidates"][1]["customization"].is_null());
}

TEST_F(ReportTest, TellsOfAFailedJob) {
  world_.log.error = "the log store is closed";
  const auto report = run();
  EXPECT_EQ(report["job"]["status"], "failed");
  EXPECT_THAT(report["job"]["error"].get<std::string>(), HasSubstr("the log store is closed"));
  EXPECT_TRUE(report["ranking"]["entries"].empty());
  EXPECT_TRUE(report["leading_score"].is_null());
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

Contender contender(std::size_t candidate, std::uint64_t ones, std::uint64_t n, std::optional<double> cost) {
  Contender one{.candidate = candidate, .type = EvalType::kBase, .cost_per_1000 = cost};
  one.score = {
      .name = "s", .n = n, .mean = static_cast<double>(ones) / static_cast<double>(n), .interval_kind = "wilson"};
  one.score.interval = evals::wilson_interval(static_cast<std::int64_t>(ones), static_cast<std::int64_t>(n));
  judge_contender(one, {.margin = 0.05}, "s");
  return one;
}

std::vector<std::size_t> ranked(std::vector<Contender> contenders) {
  rank(contenders);
  std::vector<std::size_t> order;
  for (const auto& one : contenders) order.push_back(one.candidate);
  return order;
}

TEST(Ranking, PutsTheCheapestPromisingModelFirst) {
  EXPECT_EQ(ranked({contender(0, 500, 500, 2.0), contender(1, 495, 500, 1.0), contender(2, 300, 500, 0.1)}),
            (std::vector<std::size_t>{1, 0, 2}));
}

TEST(Ranking, PutsPromisingModelsOfUnknownCostBehindPricedOnes) {
  EXPECT_EQ(ranked({contender(0, 500, 500, std::nullopt), contender(1, 495, 500, 9.0)}),
            (std::vector<std::size_t>{1, 0}));
}

TEST(Ranking, OrdersTheOthersByTheirLowerBoundWhateverTheyCost) {
  EXPECT_EQ(ranked({contender(0, 300, 500, 0.1), contender(1, 400, 500, 5.0)}), (std::vector<std::size_t>{1, 0}));
}

TEST(Ranking, TellsTooFewRowsFromNotGoodEnough) {
  EXPECT_THAT(contender(0, 20, 20, {}).reason, HasSubstr("inconclusive"));
  EXPECT_THAT(contender(0, 300, 500, {}).reason, HasSubstr("not good enough"));
  EXPECT_TRUE(contender(0, 73, 73, {}).is_promising);
  EXPECT_FALSE(contender(0, 72, 72, {}).is_promising);
}

TEST(RowsNeeded, AreNoneThatHelpAtOrBelowTheThreshold) {
  EXPECT_FALSE(rows_needed(contender(0, 95, 100, {}).score, 0.95));
  EXPECT_EQ(rows_needed(contender(0, 20, 20, {}).score, 0.95), 73U);
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

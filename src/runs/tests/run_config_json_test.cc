#include "runs/run_config_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "runs/webhook_secret.h"

namespace fw::runs {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

RunConfig hosted() {
  Candidate candidate;
  candidate.model.name = "m";
  candidate.model.endpoint = modelops::Endpoint{
      .url = "https://h/v1?code=hidden1",
      .model = "m",
      .api_key_env = "KEY",
      .api_key_header = "api-key",
      .headers = {{"X-Team", "hidden2"}, {"X-Key", "${OTHER}"}, {"Authorization", "Token hidden3 ${OTHER}"}},
      .query = {{"api-version", "hidden4"}},
      .overrides = {.rename = {{"a", "b"}}, .remove = {"c"}, .set = {{"d", "[1]"}}},
      .ask_at_deploy = true};
  candidate.training.epochs = 9;
  candidate.training.device = modelops::TrainingDevice::kCuda;
  candidate.training.best_by = modelops::BestBy::kExact;
  RunConfig config;
  config.candidates = {candidate};
  config.evaluation.log_probabilities = EvaluationSettings::LogProbabilities::kAll;
  config.icl.selection = dataset::ExampleSelection::kSimilar;
  config.icl.embedding = modelops::ModelSpec{
      .name = "e", .endpoint = modelops::Endpoint{.url = "https://e/v1?code=hidden5", .model = "e"}};
  return config;
}

TEST(RunConfigJson, KeepsTheEvaluationRowsOfAnEarlierJob) {
  RunConfig config = hosted();
  EXPECT_FALSE(run_config_from_json(to_json(config).dump())->holdout);
  config.split.holdout_job = "67436743674367436743abcd";
  config.split.holdout_min_rows = 12;
  config.holdout = modelops::DatasetRef{"flywheel-eval-router-7", "abc", "file:///d", 40};
  json written = to_json(config);
  const auto read = run_config_from_json(written.dump()).value();
  EXPECT_EQ(read.holdout, config.holdout);
  EXPECT_EQ(read.split.holdout_job, "67436743674367436743abcd");
  EXPECT_EQ(read.split.holdout_min_rows, 12u);
  written.erase("holdout");
  written["data_split_config"].erase("holdout_job");
  written["data_split_config"].erase("holdout_min_rows");
  EXPECT_EQ(run_config_from_json(written.dump())->split.holdout_job, "");
}

TEST(RunConfigSnapshot, KeepsWhichEmbeddingModelChoosesExamplesAndWhereItIs) {
  RunConfig config = hosted();
  const auto elsewhere = run_config_from_json(to_json(config).dump()).value();
  EXPECT_EQ(elsewhere.icl.embedding->name, "e");
  EXPECT_EQ(elsewhere.icl.embedding->endpoint->url, "https://e/v1?code=hidden5");
  EXPECT_FALSE(elsewhere.icl.embedding->is_local());
  config.icl.embedding = modelops::ModelSpec{.name = "minilm", .path = "/m/minilm.gguf", .context_length = 256};
  const auto here = run_config_from_json(to_json(config).dump()).value();
  EXPECT_EQ(here.icl.embedding->name, "minilm");
  EXPECT_EQ(here.icl.embedding->path, "/m/minilm.gguf");
  EXPECT_EQ(here.icl.embedding->context_length, 256);
  EXPECT_FALSE(here.icl.embedding->endpoint);
}

TEST(RunConfigSnapshot, KeepsWhetherCorrectionsAreTaughtAndReadsThoseThatDoNotSay) {
  RunConfig config = hosted();
  config.use_corrections = true;
  auto written = to_json(config);
  EXPECT_TRUE(run_config_from_json(written.dump())->use_corrections);
  written.erase("dataset");
  EXPECT_FALSE(run_config_from_json(written.dump())->use_corrections);
}

TEST(RunConfigSnapshot, KeepsWhatEndpointsAreToldAndHowCandidatesAreTrained) {
  const auto text = to_json(hosted()).dump();
  const auto read = run_config_from_json(text);
  ASSERT_TRUE(read.ok()) << read.error();
  EXPECT_EQ(to_json(*read).dump(), text);
  EXPECT_EQ(read->candidates[0].model.endpoint->overrides, hosted().candidates[0].model.endpoint->overrides);
  EXPECT_EQ(read->candidates[0].training.epochs, 9);
  EXPECT_EQ(read->candidates[0].training.device, modelops::TrainingDevice::kCuda);
  EXPECT_EQ(read->candidates[0].training.best_by, modelops::BestBy::kExact);
  EXPECT_EQ(read->training.epochs, 2);
  EXPECT_TRUE(asks_log_probabilities(*read, read->candidates[0]));
  auto older = json::parse(text);
  older["evaluation"].erase("log_probabilities");
  EXPECT_FALSE(asks_log_probabilities(*run_config_from_json(older.dump()), read->candidates[0])) << "an endpoint";
}

TEST(RunConfigSnapshot, OneOfBeforeCandidatesHadSettingsTrainsThemAsTheJobSays) {
  auto old = to_json(hosted());
  old["training_config"]["epochs"] = 5;
  old["candidates"][0].erase("training_config");
  for (const char* key : {"api_key_header", "headers", "query", "request_overrides", "ask_at_deploy"})
    old["candidates"][0]["endpoint"].erase(key);
  for (const char* key : {"example_selection", "relevance_ratio", "embedding"}) old["icl_config"].erase(key);
  const auto read = run_config_from_json(old.dump());
  ASSERT_TRUE(read.ok()) << read.error();
  EXPECT_EQ(read->candidates[0].training.epochs, 5);
  EXPECT_EQ(read->candidates[0].model.endpoint->api_key_env, "KEY");
  EXPECT_EQ(read->icl.selection, dataset::ExampleSelection::kUniform);
}

TEST(RunConfigSnapshot, WhatOthersSeeHasTheNamesOfVariablesAndNoValues) {
  const auto shown = to_public_json(hosted()).dump();
  EXPECT_THAT(shown,
              AllOf(HasSubstr("${OTHER}"), HasSubstr("X-Team"), HasSubstr("api-version"), Not(HasSubstr("hidden"))));
}

TEST(WebhookSecret, IsMissedByTheHostItWouldSignFor) {
  const std::vector<Webhook> hooks{{"https://one.test/path?token=t", "SET", 1},
                                   {"https://two.test/path?token=t", "UNSET", 1}};
  const auto missing = missing_secrets(
      hooks, [](const std::string& name) { return name == "SET" ? std::optional<std::string>("s") : std::nullopt; });
  EXPECT_THAT(missing, ElementsAre(AllOf(HasSubstr("UNSET"), HasSubstr("two.test"), Not(HasSubstr("token")))));
}

}  // namespace
}  // namespace fw::runs

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config/config.h"
#include "evals/metric.h"
#include "io/file.h"

namespace fw::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string environment(const std::string&) { return ""; }

Result<Config> read(const std::string& evaluation, const std::filesystem::path& folder = "/") {
  return parse_config("nims: [{model_name: a, url: 'http://127.0.0.1:9/v1'}]\nevaluation: {" + evaluation + "}",
                      "c.yaml", folder, environment);
}

std::vector<std::string> ids(const Config& config) {
  std::vector<std::string> ids;
  for (const auto& variant : config.run.evaluation.variants) ids.push_back(*variant.id());
  return ids;
}

TEST(VariantsSection, APromptOfOnesOwnIsEvaluatedBesideTheBlueprintsThree) {
  const auto config = read("prompts: [{name: short, system_prompt: Be short.}]");
  ASSERT_TRUE(config.ok()) << config.error();
  EXPECT_THAT(ids(*config), ElementsAre("base-eval", "icl-eval", "customized-eval", "short-eval"));
  EXPECT_EQ(config->run.evaluation.variants.back().system_prompt, "Be short.");
}

TEST(VariantsSection, AnIdNamesPromptExamplesAndAdapter) {
  const auto config = read(
      "variants: [base-eval, short-icl-eval, customized-short-eval], prompts: [{name: short, system_prompt: Be "
      "short.}]");
  ASSERT_TRUE(config.ok()) << config.error();
  EXPECT_THAT(ids(*config), ElementsAre("base-eval", "short-icl-eval", "customized-short-eval"));
  EXPECT_TRUE(config->run.evaluation.variants[1].has_examples);
  EXPECT_TRUE(config->run.evaluation.variants[2].has_adapter);
  EXPECT_EQ(config->run.evaluation.variants[2].system_prompt, "Be short.");
}

TEST(VariantsSection, APromptsFileLiesBesideTheConfiguration) {
  const io::TemporaryFolder folder;
  ASSERT_TRUE(io::write_file_atomically(folder.path() / "short.txt", "Be short.\n").ok());
  const auto config = read("prompts: [{name: short, system_prompt_file: short.txt}]", folder.path());
  ASSERT_TRUE(config.ok()) << config.error();
  EXPECT_EQ(config->run.evaluation.variants.back().system_prompt, "Be short.\n");
}

TEST(VariantsSection, SomethingMustBeEvaluatedOfEveryCandidate) {
  const auto of_candidate = [](const std::string& candidate) {
    return parse_config("nims: [{model_name: a, " + candidate + "}]\nevaluation: {variants: [customized-eval]}",
                        "c.yaml", "/", environment);
  };
  EXPECT_THAT(of_candidate("url: 'http://127.0.0.1:9/v1'").error().message,
              AllOf(HasSubstr("\"a\""), HasSubstr("behind a url"), HasSubstr("add base-eval")));
  EXPECT_THAT(of_candidate("path: a.gguf, customization_enabled: false").error().message,
              AllOf(HasSubstr("customization_enabled: true"), HasSubstr("add base-eval")));
  EXPECT_TRUE(of_candidate("path: a.gguf, customization_enabled: true").ok());
}

TEST(TextMetric, MayBeEachThatComparesTexts) {
  for (const std::string& name : evals::text_metric_names()) {
    const auto config = read("text_metric: " + name);
    ASSERT_TRUE(config.ok()) << config.error();
    EXPECT_EQ(config->run.evaluation.text_metric, name);
  }
  EXPECT_EQ(read("").value().run.evaluation.text_metric, "rouge_l");
  EXPECT_THAT(evals::text_metric_names(), testing::UnorderedElementsAre("rouge_l", "token_f1", "exact_match"));
  EXPECT_EQ(read("log_probabilities: all")->run.evaluation.log_probabilities,
            runs::EvaluationSettings::LogProbabilities::kAll);
  EXPECT_THAT(read("log_probabilities: some").error().message, HasSubstr("engines"));
  EXPECT_THAT(read("text_metric: similarity").error().message, HasSubstr("token_f1"));
}

TEST(VariantsSection, MistakesAreNamed) {
  const auto error = [](const std::string& evaluation) { return read(evaluation).error().message; };
  EXPECT_THAT(error("variants: [short-eval]"), HasSubstr("evaluation.prompts"));
  EXPECT_THAT(error("prompts: [{name: icl, system_prompt: x}]"), HasSubstr("cannot name a prompt"));
  EXPECT_THAT(error("prompts: [{name: a}]"), HasSubstr("system_prompt_file"));
  EXPECT_THAT(error("prompts: [{name: a, system_prompt: x}, {name: a, system_prompt: y}]"), HasSubstr("two prompts"));
  EXPECT_THAT(error("prompts: [{name: a, system_prompt_file: missing.txt}]"), HasSubstr("missing.txt"));
}

}  // namespace
}  // namespace fw::app

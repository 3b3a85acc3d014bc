#include <gtest/gtest.h>

#include "codec/unicode_words.h"
#include "evals/json_text.h"
#include "evals/judge/judge_pattern.h"
#include "evals/tests/golden.h"
#include "evals/text/exact_match.h"
#include "evals/text/porter_stemmer.h"
#include "evals/text/rouge.h"
#include "evals/text/squad_text.h"
#include "evals/text/token_f1.h"
#include "evals/tool_calls/blueprint_scores.h"
#include "evals/tool_calls/comparison.h"

namespace fw::evals {
namespace {

using nlohmann::json;

// text.json also records BLEU, chrF and their tokens, and there is corpus.json and numbers.json: no score of ours uses
// them.

std::string text_of(const PythonValue& value) { return value.string() ? *value.string() : ""; }

TEST(GoldenMetrics, ToolCallingAgreesInEveryCase) {
  const auto file = parse_python_json(golden_text("metrics/tool_calling.json")).value();
  ASSERT_FALSE(file.list()->empty());
  for (const PythonValue& entry : *file.list()) {
    SCOPED_TRACE(text_of(*entry.find("name")));
    const auto scores = score_tool_calling(*entry.find("ground_truth"), *entry.find("message"));
    const PythonValue* expected = entry.find("expected");
    ASSERT_EQ(scores.ok(), expected != nullptr);
    if (!expected) continue;
    EXPECT_EQ(scores->function_name, *expected->find("function_name_accuracy")->floating());
    const double* args = expected->find("function_name_and_args_accuracy")->floating();
    EXPECT_EQ(scores->function_name_and_args, args ? std::optional(*args) : std::nullopt);
  }
}

/// Cases by construction and out of a public benchmark, with the verdicts of two other checkers beside ours.
TEST(GoldenMetrics, ToolCallMatchAgreesInEveryCase) {
  if (!std::filesystem::exists(golden_folder() / "metrics/tool_calls_and_args_match.json"))
    GTEST_SKIP() << "not recorded";
  const auto file = parse_python_json(golden_text("metrics/tool_calls_and_args_match.json")).value();
  for (const PythonValue& entry : *file.list()) {
    SCOPED_TRACE(text_of(*entry.find("name")));
    const PythonValue none, *messages = entry.find("messages"), *tools = entry.find("tools");
    const std::string request = R"({"messages":)" + to_json_text(messages ? *messages : none) + R"(,"tools":)" +
                                to_json_text(tools ? *tools : none) + "}";
    const auto found = compare_tool_calls(tools ? *tools : none, *entry.find("reference_tool_calls"),
                                          *entry.find("answer_message"), request);
    EXPECT_EQ(found.exact, entry.find("exact")->is_true());
    std::vector<std::string> expected;
    for (const PythonValue& mistake : *entry.find("mistakes")->list()) expected.push_back(text_of(mistake));
    EXPECT_EQ(found.mistakes, expected);
  }
}

void expect_rouge(const RougeScore& made, const json& expected) {
  EXPECT_TRUE(is_close(made.precision, number(expected["precision"]), 1e-12, 1e-9)) << made.precision << expected;
  EXPECT_TRUE(is_close(made.recall, number(expected["recall"]), 1e-12, 1e-9)) << made.recall << expected;
  EXPECT_TRUE(is_close(made.f, number(expected["f"]), 1e-12, 1e-9)) << made.f << expected;
}

TEST(GoldenMetrics, RougeAgreesInEveryCase) {
  for (const json& entry : golden_json("metrics/text.json")) {
    const std::string reference = entry["references"][0], candidate = entry["candidate"];
    for (const bool stem : {false, true}) {
      SCOPED_TRACE(entry["name"].get<std::string>() + (stem ? ", stemmed" : ", plain"));
      const json& expected = entry["rouge"][stem ? "stemmed" : "plain"];
      const auto a = rouge_tokens(reference, stem), b = rouge_tokens(candidate, stem);
      for (int n = 1; n <= 3; ++n) expect_rouge(rouge_n(a, b, n), expected["rouge" + std::to_string(n)]);
      expect_rouge(rouge_l(a, b).value(), expected["rougeL"]);
      expect_rouge(rouge_l_sum(reference, candidate, stem).value(), expected["rougeLsum"]);
    }
  }
}

TEST(GoldenMetrics, WordsOfEveryScriptAgreeInEveryCase) {
  if (!std::filesystem::exists(golden_folder() / "metrics/unicode_words.json")) GTEST_SKIP() << "not recorded";
  for (const json& entry : golden_json("metrics/unicode_words.json"))
    EXPECT_EQ(unicode_words(entry["text"].get<std::string>()), entry["words"].get<std::vector<std::string>>())
        << entry["text"];
}

TEST(GoldenMetrics, RougeOverWordsOfEveryScriptAgreesInEveryCase) {
  if (!std::filesystem::exists(golden_folder() / "metrics/rouge_unicode.json")) GTEST_SKIP() << "not recorded";
  for (const json& entry : golden_json("metrics/rouge_unicode.json")) {
    SCOPED_TRACE(entry["name"].get<std::string>());
    const auto a = unicode_words(entry["reference"].get<std::string>());
    const auto b = unicode_words(entry["candidate"].get<std::string>());
    expect_rouge(rouge_n(a, b, 1), entry["rouge1"]);
    expect_rouge(rouge_n(a, b, 2), entry["rouge2"]);
    expect_rouge(rouge_l(a, b).value(), entry["rougeL"]);
  }
}

TEST(GoldenMetrics, SquadScoresAgreeInEveryCase) {
  for (const json& entry : golden_json("metrics/text.json")) {
    SCOPED_TRACE(entry["name"].get<std::string>());
    const std::string candidate = entry["candidate"];
    EXPECT_EQ(squad_normalized(candidate), entry["squad_normalized"]["candidate"].get<std::string>());
    EXPECT_EQ(squad_normalized(entry["references"][0].get<std::string>()),
              entry["squad_normalized"]["reference"].get<std::string>());
    double match = 0, f1 = 0;
    for (const json& reference : entry["references"]) {
      match = std::max(match, exact_match(reference.get<std::string>(), candidate));
      f1 = std::max(f1, token_f1(reference.get<std::string>(), candidate));
    }
    EXPECT_EQ(match, entry["exact_match"].get<double>());
    EXPECT_NEAR(f1, entry["token_f1"].get<double>(), 1e-6);
  }
}

TEST(GoldenMetrics, StemsAgreeInEveryCase) {
  for (const json& entry : golden_json("metrics/stems.json"))
    EXPECT_EQ(porter_stem(entry["word"].get<std::string>()), entry["stem"].get<std::string>()) << entry;
}

TEST(GoldenMetrics, JudgePatternsAgreeInEveryCase) {
  for (const json& entry : golden_json("metrics/judge_patterns.json")) {
    SCOPED_TRACE(entry.dump());
    const auto pattern = JudgePattern::compile(entry["pattern"].get<std::string>());
    ASSERT_TRUE(pattern.ok()) << pattern.error();
    const std::string text = entry["text"];
    const double nan = std::nan("");
    EXPECT_TRUE(is_close(pattern->read(text, JudgePattern::Where::kStart).value_or(nan), number(entry["match"]), 0, 0));
    EXPECT_TRUE(
        is_close(pattern->read(text, JudgePattern::Where::kAnywhere).value_or(nan), number(entry["search"]), 0, 0));
  }
}

}  // namespace
}  // namespace fw::evals

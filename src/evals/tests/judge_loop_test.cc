#include <algorithm>
#include <atomic>

#include "evals/row_result.h"
#include "evals/tests/fake_endpoint.h"

namespace fw::evals {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::Pair;

bool is_for_judge(const json& request) { return text(request["model"]) == "judge"; }

TEST_F(EvaluationTest, TheJudgeSeesTaskReferenceAndCandidateAndRatesOnOneScale) {
  serve_answers([](const json& request, int) {
    return ok(says(is_for_judge(request) ? "Sure. {\"reason\": \"equal\", \"rating\": 10}"
                                         : "<think>a trap</think>candidate text"));
  });
  job.judge = modelops::Judge{{.url = job.target.url, .model = "judge"}};
  write_rows({text_row("a", "reference text")});
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_THAT(result->rows[0].scores,
              testing::IsSupersetOf({Pair("similarity", 1.0), Pair("similarity_rating", 10.0)}));
  const std::string question = text(seen().at(1)["messages"].back()["content"]);
  for (const char* part : {"reference text", "candidate text", "write"}) EXPECT_THAT(question, HasSubstr(part));
  EXPECT_THAT(question, Not(HasSubstr("a trap")));
}

TEST_F(EvaluationTest, TheJudgeRatesTheTrivialTextAndNothingIsAskedOfATarget) {
  serve_answers([](const json& request, int) {
    const bool is_same = text(request["messages"].back()["content"]).find("other") == std::string::npos;
    return ok(says(is_same ? "{\"rating\": 10}" : "{\"rating\": 4}"));
  });
  job.judge = modelops::Judge{{.url = job.target.url, .model = "judge"}};
  job.target = {};
  job.is_trivial = true;
  write_rows({text_row("a", "Goodbye."), text_row("b", "another text"), text_row("c", "Goodbye."), tool_row("d", 1)});
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_EQ(seen().size(), 3u) << "a call needs no judge where the answer is a text";
  for (const json& request : seen()) {
    EXPECT_TRUE(is_for_judge(request));
    EXPECT_THAT(text(request["messages"].back()["content"]), HasSubstr("Goodbye."));
  }
  EXPECT_EQ(result->rows[0].scores.at("similarity"), 1);
  EXPECT_NEAR(result->rows[1].scores.at("similarity"), 1.0 / 3, 1e-12);
  EXPECT_EQ(result->rows[3].scores.at("tool_calls_and_args_match"), 0);
  EXPECT_EQ(read_row_results(job.results)->size(), 4u);
}

TEST_F(EvaluationTest, AFailingJudgeCostsItsScoreOnly) {
  serve_answers(
      [](const json& request, int n) { return is_for_judge(request) ? ok(says("I cannot say")) : obey(request, n); });
  job.judge = modelops::Judge{{.url = job.target.url, .model = "judge"}};
  write_rows(some_rows(1));
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_EQ(result->rows[0].scores.at("tool_calls_and_args_match"), 1);
  EXPECT_FALSE(result->rows[0].scores.contains("tool_calling_correctness"));
  EXPECT_THAT(result->rows[0].error, HasSubstr("judge"));
  EXPECT_EQ(progress.back().rows_failed, 0u);
}

TEST_F(EvaluationTest, TheJudgeIsAskedOnlyWhereItHasSomethingToSay) {
  serve_answers([](const json& request, int n) {
    if (is_for_judge(request)) return ok(says("{\"rating\": 1}"));
    return text(request["messages"].back()["content"]) == "order 1" ? ok(says("text")) : obey(request, n);
  });
  job.judge = modelops::Judge{{.url = job.target.url, .model = "judge"}};
  write_rows({tool_row("text for a call", 1), tool_row("call", 2), tool_row("text", -1)});
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_EQ(result->rows[0].scores.at("tool_calling_correctness"), 0);
  EXPECT_EQ(result->rows[1].scores.at("tool_calling_correctness"), 1);
  EXPECT_FALSE(result->rows[1].scores.contains("similarity"));
  EXPECT_EQ(result->rows[2].scores.at("similarity"), 0);
  EXPECT_FALSE(result->rows[2].scores.contains("tool_calling_correctness"));
  const auto requests = seen();
  EXPECT_EQ(std::count_if(requests.begin(), requests.end(), is_for_judge), 2);
}

TEST_F(EvaluationTest, AJudgeThatThinksAloudOrIsCutGivesNoRating) {
  serve_answers([](const json& request, int n) {
    if (!is_for_judge(request)) return obey(request, n);
    return n % 2 == 1 ? ok(says("<think>perhaps {\"rating\": 1}"))
                      : net::json_response(200, with_reason(says("{\"rating\": 1}"), "length").dump());
  });
  job.judge = modelops::Judge{{.url = job.target.url, .model = "judge"}};
  job.parallelism = 1;
  write_rows(some_rows(2));
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  for (const auto& row : result->rows) {
    EXPECT_FALSE(row.scores.contains("tool_calling_correctness"));
    EXPECT_NE(row.error, "");
    EXPECT_TRUE(row.is_answered());
  }
}

TEST_F(EvaluationTest, AJudgeThatDiesFailsTheEvaluationAndKeepsTheAnswers) {
  serve_answers([](const json& request, int n) {
    return is_for_judge(request) ? net::detail_response(503, "judge overloaded") : obey(request, n);
  });
  job.judge = modelops::Judge{{.url = job.target.url, .model = "judge"}};
  job.max_retries = 0;
  write_rows(some_rows(100));
  const auto result = evaluate();
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message, HasSubstr("the judge \"judge\" at " + job.target.url));
  EXPECT_THAT(result.error().message, HasSubstr("does not answer: "));
  EXPECT_THAT(result.error().message, HasSubstr("judge overloaded"));
  EXPECT_LT(seen().size(), 40u);
  EXPECT_EQ(read_row_results(job.results).value()[0].scores.at("tool_calls_and_args_match"), 1);
}

TEST_F(EvaluationTest, ARowIsJudgedAgainAfterTheJudgesOutageWithoutAskingItsModelAgain) {
  std::atomic<int> judged = 0;
  serve_answers([&](const json& request, int n) {
    if (!is_for_judge(request)) return obey(request, n);
    return ++judged <= 9 ? net::detail_response(503, "loading") : ok(says("{\"rating\": 1}"));
  });
  job.judge = modelops::Judge{{.url = job.target.url, .model = "judge"}};
  job.max_retries = 0;
  write_rows(some_rows(30));
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  for (const auto& row : result->rows) {
    EXPECT_EQ(row.scores.at("tool_calling_correctness"), 1);
    EXPECT_EQ(row.error, "");
  }
  const auto requests = seen();
  EXPECT_EQ(std::count_if(requests.begin(), requests.end(), [](const json& r) { return !is_for_judge(r); }), 30);
}

TEST_F(EvaluationTest, TheCheckOfAJudgeHasTheParametersOfRows) {
  serve_answers([](const json& request, int n) {
    return is_for_judge(request) ? ok(says("{\"rating\": 1}")) : obey(request, n);
  });
  const modelops::Judge judge{{.url = job.target.url, .model = "judge"}};
  ASSERT_TRUE(run(loop.check_judge(judge, Deadline::after(10s))).ok());
  job.judge = judge;
  write_rows(some_rows(1));
  ASSERT_TRUE(evaluate().ok());
  json check = seen().at(0), row = seen().at(2);
  for (json* request : {&check, &row}) request->erase("messages"), request->erase("seed");
  EXPECT_EQ(check, row);
  EXPECT_TRUE(seen().at(0).contains("seed"));
}

TEST_F(EvaluationTest, AJudgeThatCannotRateIsNamedWithTheReason) {
  int kind = 0;
  serve_answers([&](const json&, int) {
    if (kind == 0) return raw(200, "<html>");
    if (kind == 1) return net::detail_response(400, "max_tokens is not supported");
    return kind == 2 ? ok(says("<think>10")) : ok(says("I like turtles"));
  });
  const modelops::Judge judge{{.url = job.target.url, .model = "judge"}};
  for (const char* reason : {"HTML", "max_tokens is not supported", "ended while thinking"}) {
    const auto status = run(loop.check_judge(judge, Deadline::after(10s)));
    ASSERT_FALSE(status.ok()) << reason;
    EXPECT_THAT(status.error().message, HasSubstr("the judge \"judge\" at " + job.target.url));
    EXPECT_THAT(status.error().message, HasSubstr(reason));
    ++kind;
  }
  EXPECT_TRUE(run(loop.check_judge(judge, Deadline::after(10s))).ok()) << "one answer without a rating proves little";
}

}  // namespace
}  // namespace fw::evals

#include "evals/tests/fake_endpoint.h"

namespace fw::evals {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

net::Response ok(const json& message) { return net::json_response(200, completion(message)); }
net::Response refused(int status, const std::string& message) {
  return net::json_response(status, json{{"error", {{"message", message}}}}.dump());
}

/// Calls the tool that the question asks for.
net::Response obey(const json& request) {
  const std::string question = request["messages"].back()["content"];
  return ok(calls("order", "{\"id\": " + question.substr(6) + "}"));
}

std::vector<json> some_rows(int count) {
  std::vector<json> rows;
  for (int i = 0; i < count; ++i) rows.push_back(tool_row("r" + std::to_string(i), i));
  return rows;
}

TEST_F(EvaluationTest, WhatAnEndpointRefusesCostsOneRequestAndIsSaidInTheResult) {
  serve_answers([](const json& request, int) {
    return request.contains("max_tokens")
               ? refused(400, "'max_tokens' is not supported. Use 'max_completion_tokens' instead.")
               : obey(request);
  });
  write_rows(some_rows(6));
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_EQ(seen().size(), 7u);
  for (const auto& row : result->rows) EXPECT_EQ(row.scores.at("function_name"), 1.0);
  EXPECT_THAT(result->endpoint_notes, ElementsAre(HasSubstr("\"max_completion_tokens\" was sent instead")));
}

TEST_F(EvaluationTest, AnEndpointThatTakesEverythingHasNoNotes) {
  serve_answers([](const json& request, int) { return obey(request); });
  write_rows(some_rows(2));
  EXPECT_THAT(evaluate()->endpoint_notes, IsEmpty());
}

TEST_F(EvaluationTest, AJudgeWithoutATemperatureIsAskedWithoutOne) {
  serve_answers([](const json& request, int) {
    if (request["model"] != "judge") return obey(request);
    if (request.contains("temperature")) return refused(400, "Unsupported value: 'temperature' does not support 0");
    return ok(says("{\"rating\": 1}"));
  });
  job.judge = modelops::Judge{{.url = job.target.url, .model = "judge"}};
  write_rows(some_rows(3));
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  for (const auto& row : result->rows) EXPECT_EQ(row.scores.at("tool_calling_correctness"), 1.0);
  EXPECT_THAT(result->endpoint_notes, ElementsAre(AllOf(HasSubstr("\"judge\""), HasSubstr("\"temperature\""))));
}

TEST_F(EvaluationTest, ARefusedKeyFailsTheRowsWithoutBeingShown) {
  ::setenv("EVALS_TEST_KEY", "s3cret-0123456789", 1);
  job.target.api_key_env = "EVALS_TEST_KEY";
  serve_answers([](const json&, int) { return refused(401, "bad key s3cret-0123456789, also s3cr***6789"); });
  job.target.api_key_env = "EVALS_TEST_KEY";
  write_rows(some_rows(1));
  const auto message = evaluate().error().message;
  EXPECT_THAT(message, AllOf(HasSubstr("EVALS_TEST_KEY"), Not(HasSubstr("s3cr"))));
}

TEST_F(EvaluationTest, ACallThatCameAsAStreamIsScored) {
  serve_answers([](const json&, int) {
    const json first = {
        {"choices",
         {{{"index", 0},
           {"delta",
            {{"tool_calls",
              {{{"index", 0}, {"id", "a"}, {"function", {{"name", "order"}, {"arguments", "{\"id\""}}}}}}}}}}}};
    const json second = {{"choices",
                          {{{"index", 0},
                            {"delta", {{"tool_calls", {{{"index", 0}, {"function", {{"arguments", ": 0}"}}}}}}}},
                            {"finish_reason", "tool_calls"}}}},
                         {"usage", {{"prompt_tokens", 11}, {"completion_tokens", 3}}}};
    return net::Response{.headers = {{"Content-Type", "text/event-stream"}},
                         .body = "data: " + first.dump() + "\n\ndata: " + second.dump() + "\n\ndata: [DONE]\n\n"};
  });
  write_rows(some_rows(1));
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_EQ(result->rows[0].scores.at("function_name_and_args_accuracy"), 1.0);
  EXPECT_EQ(result->rows[0].prompt_tokens, 11u);
}

}  // namespace
}  // namespace fw::evals

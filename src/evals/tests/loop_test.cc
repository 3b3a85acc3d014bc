#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <set>

#include "evals/row_result.h"
#include "evals/scoring.h"
#include "evals/tests/fake_endpoint.h"

namespace fw::evals {
namespace {

using testing::ElementsAre;
using testing::Eq;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;
using testing::UnorderedElementsAre;

TEST_F(EvaluationTest, ScoresEveryRowInTheOrderOfTheFile) {
  serve_answers(obey);
  auto rows = some_rows(20);
  rows.push_back(tool_row("none", -1));
  write_rows(rows);
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  ASSERT_EQ(result->rows.size(), 21u);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const modelops::RowResult& row = result->rows[i];
    EXPECT_EQ(row.record_id, text(rows[i]["record_id"]));
    EXPECT_EQ(row.scores.at(i < 20 ? "tool_calls_and_args_match" : "rouge_l"), i < 20 ? 1.0 : 0.0);
    EXPECT_THAT(row.mistakes, IsEmpty());
    EXPECT_EQ(row.prompt_tokens, 100u);
    EXPECT_EQ(row.completion_tokens, 10u);
    EXPECT_EQ(row.attempts, 1);
    EXPECT_GT(row.latency_seconds, 0);
    EXPECT_EQ(row.error, "");
  }
  EXPECT_EQ(progress.back().rows_done, 21u);
  EXPECT_EQ(progress.back().rows_failed, 0u);
}

TEST_F(EvaluationTest, SendsTheRowsOwnQuestionAndNothingOfTheApplicationsSampling) {
  ::setenv("EVALS_TEST_KEY", "secret", 1);
  serve_answers(obey);
  job.target.api_key_env = "EVALS_TEST_KEY";
  write_rows(some_rows(1));
  ASSERT_TRUE(evaluate().ok());
  const json request = seen().at(0);
  EXPECT_EQ(text(request["_path"]), "/v1/chat/completions");
  EXPECT_EQ(text(request["_authorization"]), "Bearer secret");
  EXPECT_EQ(text(request["model"]), "candidate");
  EXPECT_EQ(text(request["tool_choice"]), "auto");
  EXPECT_EQ(request["tools"], tool_row("", 0)["request"]["tools"]);
  EXPECT_EQ(request["temperature"], 0);
  EXPECT_EQ(request["seed"], 7);
  EXPECT_EQ(request["max_tokens"], 512);
  EXPECT_FALSE(request.contains("stream"));
}

TEST_F(EvaluationTest, TheTargetHearsHowRequestsBeginBeforeAnyIsSent) {
  serve_answers(obey);
  std::vector<std::string> heard;
  job.before_first = [&](std::string request) -> Task<void> {
    EXPECT_THAT(seen(), IsEmpty());
    heard.push_back(std::move(request));
    co_return;
  };
  write_rows(some_rows(3));
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_THAT(heard, ElementsAre(result->rows[0].request));
}

TEST_F(EvaluationTest, TheFirstRowGoesAloneAndTheOthersNeverExceedTheLimit) {
  std::atomic<int> at_once_at_first = -1;
  serve([&](json request, int n, net::ResponseWriter& out, Deadline deadline) -> Task<void> {
    (void)co_await sleep_for(20ms, deadline);
    if (n == 0) at_once_at_first = static_cast<int>(seen().size());
    (void)co_await out.send(obey(request, n), deadline);
  });
  write_rows(some_rows(13));
  ASSERT_TRUE(evaluate().ok());
  EXPECT_EQ(at_once_at_first, 1);
  EXPECT_EQ(most_running, 4);
}

TEST_F(EvaluationTest, ResultsFileHoldsWhatTheEvaluationReturned) {
  serve_answers(obey);
  write_rows(some_rows(3));
  const auto result = evaluate();
  const auto kept = read_row_results(job.results);
  ASSERT_TRUE(kept.ok()) << kept.error();
  ASSERT_EQ(kept->size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(to_json_line(kept->at(i)), to_json_line(result->rows[i]));
}

TEST_F(EvaluationTest, BusyAndFailingServersAreAskedAgainAndOnlyTheLastAttemptIsTimed) {
  serve_answers([](const json& request, int n) {
    if (n == 0) {
      auto busy = net::detail_response(429, "slow down");
      busy.headers.set("Retry-After", "0");
      return busy;
    }
    return n == 1 ? net::detail_response(500, "oops") : obey(request, n);
  });
  write_rows(some_rows(1));
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_EQ(result->rows[0].attempts, 3);
  EXPECT_EQ(result->rows[0].failure, "");
}

/// Behaviours that must fail one row with a reason and leave the others alone.
struct Misbehaviour {
  std::string name;
  net::Response answer;
  std::string reason;
};

class MisbehavingEndpoint : public EvaluationTest, public testing::WithParamInterface<Misbehaviour> {};

TEST_P(MisbehavingEndpoint, FailsItsRowWithTheReason) {
  serve_answers([](const json& request, int n) {
    return text(request["messages"].back()["content"]) == "order 1" ? GetParam().answer : obey(request, n);
  });
  write_rows(some_rows(3));
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_THAT(result->rows[1].failure, HasSubstr(GetParam().reason));
  EXPECT_THAT(result->rows[1].scores, IsEmpty());
  EXPECT_EQ(result->rows[1].response, "");
  EXPECT_EQ(result->rows[0].failure, "");
  EXPECT_EQ(result->rows[2].failure, "");
  EXPECT_EQ(progress.back().rows_failed, 1u);
}

INSTANTIATE_TEST_SUITE_P(
    EveryKind, MisbehavingEndpoint,
    testing::Values(Misbehaviour{"html", raw(200, "<!doctype html><html></html>"), "is HTML instead of JSON"},
                    Misbehaviour{"empty", raw(200, ""), "is empty"},
                    Misbehaviour{"half", raw(200, "{\"choices\": [{\"mess"), "is not JSON"},
                    Misbehaviour{"binary", raw(200, "\xff\xfe\x00"), "is not UTF-8"},
                    Misbehaviour{"list", raw(200, "[]"), "is no JSON object"},
                    Misbehaviour{"no_choices", raw(200, "{}"), "has no list of choices"},
                    Misbehaviour{"empty_choices", raw(200, R"({"choices": []})"), "has no choice"},
                    Misbehaviour{"number_message", raw(200, R"({"choices": [{"message": 3}]})"), "without a message"},
                    Misbehaviour{"list_content", raw(200, R"({"choices": [{"message": {"content": [1]}}]})"),
                                 "content that is no text"},
                    Misbehaviour{"error_object", raw(200, R"({"error": {"message": "out of memory"}})"),
                                 "out of memory"},
                    Misbehaviour{"bad_request", net::detail_response(400, "context too long"), "context too long"},
                    Misbehaviour{"always_busy", net::detail_response(503, "loading"), "503"},
                    Misbehaviour{"over_large", raw(200, std::string(9 << 20, ' ')), ""},
                    Misbehaviour{"too_deep", raw(200, std::string(100'000, '[')), "nested deeper"}),
    [](const auto& info) { return info.param.name; });

TEST_F(EvaluationTest, CallsOfAStrangeShapeAreWrongOrNoAnswer) {
  serve_answers([](const json& request, int n) {
    const std::string question = text(request["messages"].back()["content"]);
    if (question == "order 1") return raw(200, R"({"choices": [{"message": {"tool_calls": {"a": 1}}}]})");
    if (question == "order 2") return ok(calls("order", "{oops"));
    return obey(request, n);
  });
  write_rows(some_rows(3));
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_THAT(result->rows[1].failure, HasSubstr("tool_calls that are no list"));
  EXPECT_EQ(result->rows[2].scores.at("tool_calls_and_args_match"), 0);
  EXPECT_EQ(result->rows[2].scores.at("function_name"), 1);
  EXPECT_EQ(result->rows[2].scores.at("function_name_and_args_accuracy"), 0);
  EXPECT_THAT(result->rows[2].mistakes, ElementsAre("invalid by schema"));
  EXPECT_NE(result->rows[2].response, "");
}

TEST_F(EvaluationTest, AnswersOfTheOtherKindScoreZeroInEveryMetric) {
  serve_answers([](const json& request, int) {
    return text(request["messages"].back()["content"]) == "order 1" ? ok(says("banana banana banana"))
                                                                    : ok(calls("order", "{}"));
  });
  write_rows({tool_row("a", 1), tool_row("b", -1), text_row("c", "")});
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_THAT(result->rows[0].mistakes, ElementsAre("answered where production called"));
  EXPECT_THAT(result->rows[1].mistakes, ElementsAre("called where production answered"));
  EXPECT_THAT(result->rows[0].scores,
              UnorderedElementsAre(Pair("tool_calls_and_args_match", 0.0), Pair("function_name", 0.0),
                                   Pair("function_name_and_args_accuracy", 0.0)));
  for (const std::size_t i : {1u, 2u})
    EXPECT_THAT(result->rows[i].scores,
                UnorderedElementsAre(Pair("rouge_l", 0.0), Pair("token_f1", 0.0), Pair("exact_match", 0.0)));
}

TEST_F(EvaluationTest, TextRowsOfAToolWorkloadAreScoredAsText) {
  serve_answers([](const json&, int) { return ok(says("banana banana banana")); });
  write_rows({tool_row("a", -1), tool_row("b", 1)});
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_EQ(result->rows[0].scores.at("rouge_l"), 0);
  EXPECT_FALSE(result->rows[0].scores.contains("tool_calls_and_args_match"));
}

TEST_F(EvaluationTest, AnswersThatWereCutHeldBackOrRefusedAreFailedOnesThatAreKept) {
  serve_answers([](const json& request, int n) {
    const std::string question = text(request["messages"].back()["content"]);
    if (question == "order 1")
      return net::json_response(200, with_reason(calls("order", "{\"id\": 1}"), "length").dump());
    if (question == "order 2") return net::json_response(200, with_reason(says(""), "content_filter").dump());
    if (question == "order 3") return ok({{"content", nullptr}, {"refusal", "I cannot help with that."}});
    if (question == "order 4") return ok(says("<think>Let me see"));
    return obey(request, n);
  });
  write_rows(some_rows(6));
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_EQ(result->rows[1].failure, "cut at the token limit");
  EXPECT_EQ(result->rows[2].failure, "held back by a content filter");
  EXPECT_EQ(result->rows[3].failure, "refused to answer");
  EXPECT_EQ(result->rows[4].failure, "ended while thinking");
  for (const std::size_t i : {1u, 2u, 3u, 4u}) {
    EXPECT_THAT(result->rows[i].scores, IsEmpty());
    EXPECT_NE(result->rows[i].response, "");
    EXPECT_GT(result->rows[i].latency_seconds, 0);
  }
  EXPECT_EQ(progress.back().rows_failed, 4u);
}

TEST_F(EvaluationTest, AnAnswerOfNothingIsAFailedOneUnlessProductionSaidNothingEither) {
  serve_answers([](const json& request, int n) {
    const std::string question = text(request["messages"].back()["content"]);
    if (question == "order 1") return ok({{"role", "assistant"}, {"content", nullptr}});
    if (question == "order 2") return ok(says("<think>order 2, then</think>\n"));
    if (question == "order 3") return ok({{"content", ""}, {"tool_calls", json::array()}});
    if (question == "order 4") return ok(says("I cannot order."));
    return question == "write" ? ok(says("")) : obey(request, n);
  });
  auto rows = some_rows(5);
  rows.push_back(text_row("text", "a text"));
  rows.push_back(text_row("nothing", ""));
  write_rows(rows);
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  for (const std::size_t i : {1u, 2u, 3u, 5u}) {
    EXPECT_EQ(result->rows[i].failure, "neither text nor a tool call") << i;
    EXPECT_THAT(result->rows[i].scores, IsEmpty());
    EXPECT_NE(result->rows[i].response, "");
  }
  EXPECT_EQ(result->rows[4].failure, "");
  EXPECT_THAT(result->rows[4].mistakes, ElementsAre("answered where production called"));
  EXPECT_EQ(result->rows[6].failure, "");
  EXPECT_EQ(result->rows[6].scores.at("rouge_l"), 1);
}

TEST_F(EvaluationTest, AnAnswerThatIsCutShortIsAskedForAgain) {
  serve([](json request, int n, net::ResponseWriter& out, Deadline deadline) -> Task<void> {
    if (n > 0) {
      (void)co_await out.send(obey(request, n), deadline);
      co_return;
    }
    (void)co_await out.start({.status = 200}, deadline);
    (void)co_await out.write("{\"choices\": [", deadline);
  });
  write_rows(some_rows(1));
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_EQ(result->rows[0].attempts, 2);
}

TEST_F(EvaluationTest, ASilentServerFailsTheRowAfterItsTimeouts) {
  serve([](json request, int n, net::ResponseWriter& out, Deadline deadline) -> Task<void> {
    if (text(request["messages"].back()["content"]) == "order 1") (void)co_await sleep_for(60s, deadline);
    (void)co_await out.send(obey(request, n), deadline);
  });
  job.request_timeout = 200ms;
  job.max_retries = 1;
  write_rows(some_rows(2));
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_EQ(result->rows[1].failure, "request timed out after 0.2 s");
  EXPECT_EQ(result->rows[1].attempts, 2);
  EXPECT_EQ(result->rows[0].failure, "");
}

TEST_F(EvaluationTest, ADeadEndpointFailsTheEvaluationWithoutAskingEveryRow) {
  job.target = {.url = "http://127.0.0.1:1/v1", .model = "candidate"};
  job.max_retries = 0;
  write_rows(some_rows(500));
  const auto result = evaluate();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(result.error().message, HasSubstr("of 500 rows were asked, 0 were answered"));
  EXPECT_THAT(result.error().message, HasSubstr("127.0.0.1:1"));
  const auto kept = read_row_results(job.results);
  ASSERT_TRUE(kept.ok()) << kept.error();
  EXPECT_THAT(kept->back().failure, StartsWith("not asked: "));
  EXPECT_EQ(kept->back().attempts, 0);
}

/// Answers until it has been asked `from` times, then `outage` times not, then again.
auto with_outage(int from, int outage, net::Response during) {
  return [=](const json& request, int n) { return n >= from && n < from + outage ? during : obey(request, n); };
}

TEST_F(EvaluationTest, AnEndpointThatDiesHalfWayFailsTheEvaluationAndKeepsWhatCame) {
  serve_answers(with_outage(50, 1'000, net::detail_response(503, "out of memory")));
  job.max_retries = 0;
  job.parallelism = 1;
  write_rows(some_rows(100));
  const auto result = evaluate();
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message, HasSubstr("58 of 100 rows were asked, 50 were answered"));
  EXPECT_THAT(result.error().message, HasSubstr("8 \""));
  EXPECT_THAT(result.error().message, HasSubstr("out of memory"));
  const auto kept = read_row_results(job.results).value();
  EXPECT_EQ(kept[49].scores.at("tool_calls_and_args_match"), 1);
  EXPECT_THAT(kept[50].failure, HasSubstr("503"));
  EXPECT_THAT(kept[58].failure, StartsWith("not asked: "));
}

TEST_F(EvaluationTest, RowsOfAnOutageAreAskedAgainWhenTheEndpointIsBack) {
  // Eight rows and two of the three questions whether it is back.
  serve_answers(with_outage(20, 10, net::detail_response(500, "restarting")));
  job.max_retries = 0;
  job.parallelism = 1;
  write_rows(some_rows(60));
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  for (const auto& row : result->rows) EXPECT_EQ(row.scores.at("tool_calls_and_args_match"), 1) << row.record_id;
  EXPECT_EQ(progress.back().rows_done, 60u);
  EXPECT_EQ(progress.back().rows_failed, 0u);
}

TEST_F(EvaluationTest, SevenFailuresInARowAreFailedRows) {
  serve_answers(with_outage(20, 7, net::detail_response(500, "oops")));
  job.max_retries = 0;
  job.parallelism = 1;
  write_rows(some_rows(60));
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_EQ(progress.back().rows_failed, 7u);
  EXPECT_EQ(seen().size(), 60u);
}

TEST_F(EvaluationTest, ManyRowsThatTheModelCannotTakeAreFailedRowsAndNoOutage) {
  // It goes on answering what it has answered: the rows are too much for it, it is not away.
  std::set<std::string> refused;
  std::string good;
  serve_answers([&](const json& request, int n) {
    const std::string key = request.dump();
    if (n < 5) good = good.empty() ? key : good;
    if (n >= 5 && n < 36 && key != good) refused.insert(key);
    return refused.contains(key) ? net::detail_response(400, "context too long") : obey(request, n);
  });
  job.parallelism = 1;
  write_rows(some_rows(60));
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_EQ(progress.back().rows_failed, refused.size());
  EXPECT_GT(refused.size(), 20u);
}

class DiesWith : public EvaluationTest, public testing::WithParamInterface<net::Response> {};

TEST_P(DiesWith, AnAnswerThatIsNone) {
  serve_answers(with_outage(50, 1'000, GetParam()));
  job.max_retries = 0;
  job.parallelism = 1;
  write_rows(some_rows(100));
  const auto result = evaluate();
  ASSERT_FALSE(result.ok()) << "what it answered until then is no measure of the model";
  EXPECT_THAT(result.error().message, HasSubstr("58 of 100 rows were asked, 50 were answered"));
}

INSTANTIATE_TEST_SUITE_P(HalfWay, DiesWith,
                         testing::Values(net::detail_response(400, "model not loaded"),
                                         net::json_response(200, R"({"error":{"message":"model overloaded"}})"),
                                         net::json_response(200, R"({"choices":[]})"),
                                         net::Response{.status = 200, .headers = {}, .body = "<html>down</html>"}));

TEST_F(EvaluationTest, AKeyThatNeverWorkedFailsItWithoutWaiting) {
  EvaluationLoop patient(clock, work, {.first_retry_wait = 1ms, .outage_pauses = {60s}});
  serve_answers([](const json&, int) { return net::detail_response(401, "wrong key"); });
  write_rows(some_rows(60));
  const auto result = run(patient.evaluate(job, {}, Deadline::after(30s)));
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message, HasSubstr("wrong key"));
  EXPECT_LE(seen().size(), 12u);
}

TEST_F(EvaluationTest, AnEndpointThatNeverAnsweredIsGivenUpSooner) {
  EvaluationLoop loop(clock, work,
                      {.first_retry_wait = 1ms, .outage_pauses = {1ms, 1ms, 60s}, .pauses_before_any_answer = 2});
  serve_answers([](const json&, int) { return net::detail_response(500, "oops"); });
  job.max_retries = 0;
  write_rows(some_rows(60));
  const auto result = run(loop.evaluate(job, {}, Deadline::after(30s)));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(result.error().message, HasSubstr("oops"));
}

TEST_F(EvaluationTest, CancelDuringAnOutageEndsItAtOnce) {
  EvaluationLoop patient(clock, work, {.first_retry_wait = 1ms, .outage_pauses = {60s}});
  std::stop_source stop;
  serve_answers([&](const json&, int n) {
    if (n == 7) stop.request_stop();
    return net::detail_response(503, "gone");
  });
  job.max_retries = 0;
  job.parallelism = 1;
  write_rows(some_rows(60));
  const auto begin = std::chrono::steady_clock::now();
  const auto result = run(patient.evaluate(job, {}, Deadline::when_stopped(stop.get_token())));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_EQ(result.error().code, ErrorCode::kCancelled);
}

TEST_F(EvaluationTest, ASampleOfRowsIsAskedAloneFirstAndTheSameOneEveryTime) {
  serve_answers(obey);
  job.rows_alone = 5;
  job.parallelism = 4;
  write_rows(some_rows(40));
  const auto alone = [this] {
    std::vector<std::string> ids;
    for (const auto& row : evaluate().value().rows)
      if (row.was_alone) ids.push_back(row.record_id);
    return ids;
  };
  const auto first = alone();
  EXPECT_EQ(first.size(), 5u);
  EXPECT_EQ(first.front(), "r0");
  EXPECT_EQ(alone(), first);
  std::vector<std::string> questions;
  for (int i = 0; i < 5; ++i) questions.push_back("r" + text(seen()[i]["messages"].back()["content"]).substr(6));
  EXPECT_EQ(questions, first);
}

TEST_F(EvaluationTest, LogProbabilitiesAreAskedForButOfRowsThatAreAskedAlone) {
  job.rows_alone = 5;
  job.parallelism = 4;
  write_rows(some_rows(20));
  serve_answers([](const json& request, int n) {
    auto answer = obey(request, n);
    auto body = json::parse(answer.body);
    if (request.contains("logprobs")) body["choices"][0]["logprobs"]["content"] = {{{"token", "a"}, {"logprob", 0.0}}};
    answer.body = body.dump();
    return answer;
  });
  const auto sure = [this] {
    return std::ranges::count_if(evaluate().value().rows, [](const auto& row) {
      EXPECT_TRUE(!row.confidence || !row.was_alone) << row.record_id;
      EXPECT_EQ(row.confidence.value_or(1), 1);
      EXPECT_THAT(row.response, testing::Not(HasSubstr("\"token\"")));
      return row.confidence.has_value();
    });
  };
  EXPECT_EQ(sure(), 0);
  job.log_probabilities = true;
  EXPECT_EQ(sure(), 15);
}

TEST_F(EvaluationTest, MaxRowsDrawsASampleInTheFilesOrder) {
  serve_answers(obey);
  job.max_rows = 6;
  write_rows(some_rows(40));
  const auto ids = [this] {
    std::vector<int> numbers;
    for (const auto& row : evaluate().value().rows) numbers.push_back(std::stoi(row.record_id.substr(1)));
    return numbers;
  };
  const auto drawn = ids();
  EXPECT_EQ(drawn.size(), 6u);
  EXPECT_TRUE(std::is_sorted(drawn.begin(), drawn.end()));
  EXPECT_EQ(ids(), drawn);
  job.seed = 8;
  EXPECT_NE(ids(), drawn);
}

TEST_F(EvaluationTest, AFrequentRequestIsAskedByItsShareEachTimeWithItsOwnSeed) {
  auto rows = some_rows(10);
  rows[3]["frequent"] = true;
  rows[3]["weight"] = 9.0;  // of 18: half of the traffic
  write_rows(rows);
  // Right the first time and then every second time; what is asked again after a failure is the same ask.
  std::atomic<int> asked = 0;
  std::atomic<bool> has_failed = false;
  serve_answers([&](const json& request, int n) {
    if (text(request["messages"].back()["content"]) != "order 3") return obey(request, n);
    if (asked == 1 && !has_failed.exchange(true)) return raw(503, "{}");
    return asked++ % 2 == 0 ? obey(request, n) : ok(calls("order", "{\"id\": 77}"));
  });
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  ASSERT_EQ(result->rows.size(), 14u);
  std::set<std::uint32_t> seeds;
  int right = 0;
  for (std::size_t i = 0; i < result->rows.size(); ++i) {
    const auto& row = result->rows[i];
    EXPECT_EQ(row.record_id, "r" + std::to_string(i < 10 ? i : 3)) << "all rows, then further asks";
    EXPECT_TRUE(row.is_answered());
    if (row.record_id != "r3") {
      EXPECT_EQ(row.asks, 1u);
      EXPECT_EQ(json::parse(row.request)["seed"], 7);
      continue;
    }
    EXPECT_EQ(row.ask, seeds.size());
    EXPECT_EQ(row.asks, 5u);
    seeds.insert(json::parse(row.request)["seed"].get<std::uint32_t>());
    right += row.scores.at("tool_calls_and_args_match") == 1 ? 1 : 0;
  }
  EXPECT_EQ(seeds, (std::set<std::uint32_t>{7, 8, 9, 10, 11}));
  EXPECT_EQ(right, 3);
  EXPECT_EQ(progress.back().rows_total, 14u);
  EXPECT_EQ(progress.back().rows_done, 14u);
  const auto kept = read_row_results(job.results);
  ASSERT_TRUE(kept.ok()) << kept.error();
  EXPECT_EQ((*kept)[13].ask, 4u);
  EXPECT_EQ((*kept)[13].asks, 5u);
}

TEST_F(EvaluationTest, CancelEndsItWithinTwoSecondsAndLeavesNoResults) {
  std::stop_source stop;
  serve([&](json, int, net::ResponseWriter&, Deadline deadline) -> Task<void> {
    stop.request_stop();
    (void)co_await sleep_for(60s, deadline);
  });
  write_rows(some_rows(50));
  const auto begin = std::chrono::steady_clock::now();
  const auto result = evaluate(Deadline::when_stopped(stop.get_token()));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(std::filesystem::exists(job.results));
}

TEST_F(EvaluationTest, CancelDuringABackoffEndsItToo) {
  std::stop_source stop;
  serve([&](json, int, net::ResponseWriter& out, Deadline deadline) -> Task<void> {
    auto busy = net::detail_response(429, "later");
    busy.headers.set("Retry-After", "60");
    (void)co_await out.send(busy, deadline);
    stop.request_stop();
  });
  write_rows(some_rows(5));
  const auto begin = std::chrono::steady_clock::now();
  const auto result = evaluate(Deadline::when_stopped(stop.get_token()));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_EQ(result.error().code, ErrorCode::kCancelled);
}

TEST_F(EvaluationTest, TheDeadlineEndsIt) {
  serve([](json, int, net::ResponseWriter&, Deadline deadline) -> Task<void> {
    (void)co_await sleep_for(60s, deadline);
  });
  write_rows(some_rows(5));
  const auto result = evaluate(Deadline::after(100ms));
  EXPECT_EQ(result.error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(EvaluationTest, RowsThatCannotBeReadFailItWithFileAndLine) {
  serve_answers(obey);
  write_rows({tool_row("a", 1), {{"record_id", "b"}, {"request", {{"messages", json::array()}}}}});
  EXPECT_THAT(evaluate().error().message, HasSubstr("rows.jsonl:2: response.choices[0].message is missing"));
  write_rows({});
  EXPECT_THAT(evaluate().error().message, HasSubstr("has no rows"));
  job.rows = folder.path() / "absent.jsonl";
  EXPECT_EQ(evaluate().error().code, ErrorCode::kNotFound);
}

TEST_F(EvaluationTest, AMissingKeyFailsItBeforeAnythingIsSent) {
  serve_answers(obey);
  job.target.api_key_env = "EVALS_TEST_ABSENT";
  write_rows(some_rows(1));
  EXPECT_THAT(evaluate().error().message, HasSubstr("EVALS_TEST_ABSENT"));
  EXPECT_TRUE(seen().empty());
}

TEST_F(EvaluationTest, TextIsComparedByRougeAndIdenticalTextScoresOneInAnyScript) {
  serve_answers([](const json&, int n) { return ok(says(n == 0 ? "敏捷的狐狸" : "the cat sat")); });
  job.parallelism = 1;
  write_rows({text_row("a", "敏捷的狐狸"), text_row("b", "the cat sat on the mat")});
  const auto result = evaluate();
  ASSERT_TRUE(result.ok()) << result.error();
  EXPECT_EQ(result->rows[0].scores.at("rouge_l"), 1.0);
  EXPECT_NEAR(result->rows[1].scores.at("rouge_l"), 2.0 / 3, 1e-12);
  EXPECT_EQ(seen().at(0)["max_tokens"], 77);
  EXPECT_FALSE(seen().at(0).contains("tool_choice"));
}

}  // namespace
}  // namespace fw::evals

#include "promotion/pair_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "async/deadline.h"
#include "net/server.h"

namespace fw::promotion {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

record::Interaction answered(const json& message) {
  const json request{{"messages", {{{"role", "user"}, {"content", "weather in Oslo, I am ada@example.com"}}}}};
  return {.id = record::RecordId("r1"),
          .workload = record::WorkloadId("router"),
          .client = record::ClientId("demo"),
          .timestamp = from_epoch_seconds(1'790'000'000),
          .request = request.dump(),
          .response = json{{"choices", {{{"message", message}}}}}.dump()};
}

record::Interaction said(const std::string& text) { return answered({{"role", "assistant"}, {"content", text}}); }

record::Interaction called() {
  const json function{{"name", "weather"}, {"arguments", "{}"}};
  const json call{{"id", "1"}, {"type", "function"}, {"function", function}};
  return answered({{"role", "assistant"}, {"content", nullptr}, {"tool_calls", {call}}});
}

/// A judge in this process that says what a test wrote down.
class PairJudgeTest : public testing::Test {
 protected:
  PairJudgeTest() {
    server_ = std::make_unique<net::Server>(
        loops_.executor(0), net::ServerOptions{},
        [this](net::IncomingRequest& in, net::ResponseWriter& out) { return handle(in, out); });
    EXPECT_TRUE(server_->start().ok());
  }
  ~PairJudgeTest() override {
    judge_.reset();
    server_->stop_blocking(1s);
  }

  void make(JudgeBudget budget = {}, std::function<Status(record::Interaction&)> redact = {}) {
    if (!redact) redact = [](record::Interaction&) { return Status{}; };
    const modelops::Judge judge{{.url = server_->url() + "/v1", .model = "judge"}};
    auto made = PairJudge::make(judge, budget, {loops_.executor(0), clock_, std::move(redact)});
    ASSERT_TRUE(made.ok()) << made.error();
    judge_ = std::move(*made);
  }

  std::optional<double> rate(record::Interaction candidate, record::Interaction other, bool are_equal = false) {
    std::promise<std::optional<double>> told;
    auto score = told.get_future();
    judge_->rate(std::move(candidate), std::move(other), are_equal,
                 [&](std::optional<double> one) { told.set_value(one); });
    EXPECT_EQ(score.wait_for(20s), std::future_status::ready);
    return score.get();
  }
  /// In a turn of its own, beside "cold".
  std::optional<double> again(record::Interaction candidate, bool are_equal = false) {
    clock_.advance(1s);
    EXPECT_TRUE(judge_->take_turn());
    return rate(std::move(candidate), said("cold"), are_equal);
  }
  std::string metrics() const {
    std::ostringstream out;
    judge_->write_metrics(out);
    return out.str();
  }
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  Task<void> handle(net::IncomingRequest& in, net::ResponseWriter& out) {
    const auto body = co_await net::read_all(*in.body, 1 << 20, in.deadline);
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(body.ok() ? *body : "");
    }
    (void)co_await out.send(answer_, in.deadline);
  }
  void answers(const std::string& text, int tokens = 0) {
    answer_ = net::json_response(200, json{{"choices", {{{"message", {{"role", "assistant"}, {"content", text}}}}}},
                                           {"usage", {{"prompt_tokens", tokens}, {"completion_tokens", 0}}}}
                                          .dump());
  }

  EventLoops loops_{1};
  ManualClock clock_;
  net::Response answer_;
  std::mutex mutex_;
  std::vector<std::string> asked_;
  std::unique_ptr<net::Server> server_;
  std::unique_ptr<PairJudge> judge_;
};

TEST_F(PairJudgeTest, RatesTheCandidateAgainstTheOtherSidesAnswer) {
  make();
  answers(R"({"reason": "the same", "rating": 10})");
  ASSERT_TRUE(judge_->take_turn());
  EXPECT_EQ(rate(said("it is cold there"), said("cold")), 1.0);
  ASSERT_EQ(asked().size(), 1U);
  EXPECT_THAT(asked()[0], HasSubstr("it is cold there"));
  EXPECT_THAT(metrics(), HasSubstr(R"(flywheel_promotion_judged_total{outcome="rated"} 1)"));
}

TEST_F(PairJudgeTest, TheWorstRatingIsNothing) {
  make();
  answers(R"({"rating": 1})");
  ASSERT_TRUE(judge_->take_turn());
  EXPECT_EQ(rate(said("hot"), said("cold")), 0.0);
}

TEST_F(PairJudgeTest, AnAnswerOfTheOtherKindIsBadWithoutAQuestion) {
  make();
  ASSERT_TRUE(judge_->take_turn());
  EXPECT_EQ(rate(said("cold"), called()), 0.0);
  EXPECT_TRUE(asked().empty());
}

TEST_F(PairJudgeTest, AnAnswerThatSaysNothingIsBadWithoutAQuestion) {
  make({.pairs_a_minute = 6000});
  auto unreadable = said("cold");
  unreadable.response = "{}";
  for (const auto& bad : {said(""), unreadable}) {
    clock_.advance(1s);
    ASSERT_TRUE(judge_->take_turn());
    EXPECT_EQ(rate(bad, said("cold")), 0.0);
  }
  EXPECT_TRUE(asked().empty());
}

TEST_F(PairJudgeTest, EqualAnswersAreAsGoodAsEachOtherWithoutAQuestion) {
  make({.pairs_a_minute = 6000});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(again(said("cold"), /*are_equal=*/true), 1.0);
  EXPECT_TRUE(asked().empty());
  EXPECT_THAT(metrics(), HasSubstr(R"(flywheel_promotion_judged_total{outcome="rated"} 3)"));
  EXPECT_THAT(metrics(), HasSubstr("flywheel_promotion_judge_tokens_total 0\n"));
}

TEST_F(PairJudgeTest, EqualAnswersDoNotCountWhileTheJudgeIsAwaySinceTheyAloneWouldBeRated) {
  make({.pairs_a_minute = 6000});
  answer_ = net::json_response(500, "{}");
  EXPECT_EQ(again(said("warm")), std::nullopt);
  EXPECT_EQ(again(said("cold"), /*are_equal=*/true), std::nullopt);
  answers(R"({"rating": 1})");
  EXPECT_EQ(again(said("cold"), /*are_equal=*/true), 1.0) << "asked something else, it answers";
  EXPECT_EQ(asked().size(), 3U);
}

TEST_F(PairJudgeTest, WhatIsRedactedDoesNotReachTheJudge) {
  make({}, [](record::Interaction& one) {
    const auto at = one.request.find("ada@example.com");
    if (at != std::string::npos) one.request.replace(at, 15, "[email]");
    return Status{};
  });
  answers(R"({"rating": 10})");
  ASSERT_TRUE(judge_->take_turn());
  EXPECT_EQ(rate(said("warm"), said("cold")), 1.0);
  EXPECT_THAT(asked()[0], testing::AllOf(HasSubstr("[email]"), Not(HasSubstr("ada@"))));
}

TEST_F(PairJudgeTest, WhatCannotBeRedactedIsNotRated) {
  make({}, [](record::Interaction&) { return Status(data_loss("no JSON")); });
  ASSERT_TRUE(judge_->take_turn());
  EXPECT_EQ(rate(said("warm"), said("cold")), std::nullopt);
  EXPECT_TRUE(asked().empty());
}

TEST_F(PairJudgeTest, AJudgeThatFailsOrSaysNothingIsNotTheCandidatesFault) {
  make({.pairs_a_minute = 6000});
  for (const auto& bad : {net::json_response(500, "{}"), net::json_response(200, "<html>")}) {
    answer_ = bad;
    clock_.advance(1s);
    ASSERT_TRUE(judge_->take_turn());
    EXPECT_EQ(rate(said("warm"), said("cold")), std::nullopt);
  }
  answers("I cannot say");
  clock_.advance(1s);
  ASSERT_TRUE(judge_->take_turn());
  EXPECT_EQ(rate(said("warm"), said("cold")), std::nullopt);
  EXPECT_EQ(asked().size(), 3U) << "each is asked once";
  EXPECT_THAT(metrics(), HasSubstr(R"({outcome="no_rating"} 3)"));
}

TEST_F(PairJudgeTest, TurnsComeEvenlyAndAreBoundedByWhatIsUnderWay) {
  make({.pairs_a_minute = 6, .concurrency = 2});
  EXPECT_TRUE(judge_->take_turn());
  EXPECT_FALSE(judge_->take_turn());
  clock_.advance(9s);
  EXPECT_FALSE(judge_->take_turn());
  clock_.advance(1s);
  EXPECT_TRUE(judge_->take_turn());
  clock_.advance(10s);
  EXPECT_FALSE(judge_->take_turn()) << "two are under way";
  (void)rate(said("cold"), called());
  EXPECT_TRUE(judge_->take_turn());
}

TEST_F(PairJudgeTest, ADaysTokensAreNotExceededAndComeBackTheNextDay) {
  make({.pairs_a_minute = 6000, .tokens_a_day = 10'000});
  answers(R"({"rating": 10})", /*tokens=*/9'900);
  EXPECT_EQ(again(said("warm")), 1.0);
  EXPECT_EQ(again(said("warm")), std::nullopt) << "the judge counted more tokens than the question seemed to have";
  EXPECT_EQ(asked().size(), 1U);
  EXPECT_THAT(metrics(), HasSubstr(R"({outcome="over_budget"} 1)"));
  clock_.advance(24h);
  EXPECT_EQ(again(said("warm")), 1.0);
}

TEST_F(PairJudgeTest, NoPairHasATurnOnceTheDaysTokensAreUsedUp) {
  make({.pairs_a_minute = 6000, .tokens_a_day = 10'000});
  answers(R"({"rating": 10})", /*tokens=*/9'900);
  (void)again(said("warm"));
  (void)again(said("warm"));
  clock_.advance(1s);
  EXPECT_FALSE(judge_->take_turn()) << "only the answers that are wrong at sight would be rated";
  EXPECT_THAT(metrics(), HasSubstr(R"({outcome="over_budget"} 2)"));
}

TEST_F(PairJudgeTest, TokensAreThoseThatTheJudgeCounts) {
  make({.pairs_a_minute = 6000, .tokens_a_day = 1000});
  answers(R"({"rating": 10})", /*tokens=*/7);
  for (int i = 0; i < 9; ++i) EXPECT_EQ(again(said("warm")), 1.0) << "fewer than the bytes let think";
  EXPECT_THAT(metrics(), HasSubstr("flywheel_promotion_judge_tokens_total 63\n"));
}

TEST_F(PairJudgeTest, AnswersThatAreWrongAtSightDoNotCountWhileTheJudgeIsAway) {
  make({.pairs_a_minute = 6000});
  answer_ = net::json_response(500, "{}");
  EXPECT_EQ(again(said("")), 0.0) << "nobody knows yet";
  EXPECT_EQ(again(said("warm")), std::nullopt);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(again(i == 0 ? said("") : called()), std::nullopt);
  EXPECT_EQ(asked().size(), 4U);
  answers(R"({"rating": 10})");
  EXPECT_EQ(again(said("")), 0.0) << "asked something else, it answers";
  EXPECT_THAT(asked().back(), Not(HasSubstr("Oslo")));
  EXPECT_EQ(again(called()), 0.0);
  EXPECT_EQ(asked().size(), 5U);
}

TEST_F(PairJudgeTest, WhereTheOtherSidesAnswerIsNoneToCompareWithThereIsNoRating) {
  make({.pairs_a_minute = 6000});
  auto cut = said("it is co");
  cut.response = R"({"choices":[{"finish_reason":"length","message":{"role":"assistant","content":"it is co"}}]})";
  auto unreadable = said("cold");
  unreadable.response = "{}";
  for (const auto& other : {cut, unreadable}) {
    clock_.advance(1s);
    ASSERT_TRUE(judge_->take_turn());
    EXPECT_EQ(rate(said(""), other), std::nullopt);
  }
  EXPECT_TRUE(asked().empty());
  EXPECT_EQ(again(said("")), 0.0) << "which is not the judge's failure";
}

TEST_F(PairJudgeTest, WhatCannotBeComputedGivesItsTurnBack) {
  make({.pairs_a_minute = 6000, .concurrency = 1},
       [](record::Interaction&) -> Status { throw std::runtime_error("out of memory"); });
  EXPECT_EQ(again(said("warm")), std::nullopt);
  EXPECT_EQ(again(said("warm")), std::nullopt);
}

TEST_F(PairJudgeTest, EndsWithAQuestionUnderWayAndTellsThatThereIsNoRating) {
  make();
  server_->stop_blocking(1s);
  server_ = std::make_unique<net::Server>(
      loops_.executor(0), net::ServerOptions{},
      [](net::IncomingRequest& in, net::ResponseWriter&) -> Task<void> { (void)co_await sleep_for(60s, in.deadline); });
  ASSERT_TRUE(server_->start().ok());
  make();
  ASSERT_TRUE(judge_->take_turn());
  std::atomic<int> told = 0;
  judge_->rate(said("warm"), said("cold"), false, [&](std::optional<double> score) { told += score ? 100 : 1; });
  judge_.reset();
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace fw::promotion

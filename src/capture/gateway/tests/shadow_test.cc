#include <chrono>
#include <sstream>

#include "capture/gateway/tests/promoted_fixture.h"
#include "capture/gateway/token_allowance.h"

namespace fw::capture {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ShadowTest : public TwoSidesTest {
 protected:
  void serve_with(double share, double shadow, ShadowBudget budget = {}) {
    GatewaySettings settings;
    settings.shadow = budget;
    serve_both(std::move(settings));
    ASSERT_TRUE(gateway->set_promoted({promoted("p-1", share, shadow)}).ok());
  }
  net::Response ask(std::string body = kRequest) {
    return chat(std::move(body), {{"x-flywheel-workload", "router"}, {"x-flywheel-client", "demo"}});
  }
  [[nodiscard]] std::string metrics() const {
    std::ostringstream out;
    gateway->write_metrics(out);
    return out.str();
  }
  void wait_for_metric(const std::string& line) {
    for (int i = 0; i < 500 && metrics().find(line) == std::string::npos; ++i) EXPECT_TRUE(run(pause(10ms)).ok());
    EXPECT_THAT(metrics(), HasSubstr(line));
  }
  /// Takes a request and never answers.
  void candidate_hangs() {
    candidate->answers([](net::IncomingRequest& in, std::string, net::ResponseWriter&) -> Task<void> {
      (void)co_await sleep_for(60s, in.deadline);
    });
  }
};

TEST_F(ShadowTest, TheCandidateIsAskedTooAndTheClientHasProductionsAnswer) {
  serve_with(0, 1);
  EXPECT_EQ(ask().body, kBig);
  const auto pair = pairs(1).front();
  EXPECT_EQ(pair.promotion, "p-1");
  EXPECT_TRUE(pair.was_candidate_copied);
  EXPECT_EQ(pair.candidate.response, kSmall);
  EXPECT_EQ(pair.other.response, kBig);
  EXPECT_EQ(pair.candidate.request, kRequest);
  EXPECT_EQ(pair.candidate.id, pair.other.id);
  EXPECT_TRUE(pair.candidate.provenance.total && pair.other.provenance.total);
  EXPECT_EQ(candidate->last().body, R"({"model":"tuned","messages":[]})");
  EXPECT_FALSE(candidate->last().headers.contains("x-flywheel-workload"));
}

TEST_F(ShadowTest, AClientsKeyForProductionReachesProductionAlone) {
  serve_with(0, 1);
  const net::Headers headers{
      {"x-flywheel-workload", "router"}, {"x-flywheel-client", "demo"}, {"Authorization", "Bearer sk-production"}};
  for (const std::size_t asked : {1U, 2U}) {
    ASSERT_TRUE(gateway->set_promoted({promoted("p-1", asked == 1 ? 0 : 1, 1)}).ok());
    (void)chat(kRequest, headers);
    pairs(asked);
    EXPECT_EQ(upstream.last().headers.find("Authorization"), "Bearer sk-production");
    EXPECT_FALSE(candidate->last().headers.contains("Authorization"));
  }
}

TEST_F(ShadowTest, ACopyIsNeverKeptOrCountedAsTraffic) {
  serve_with(0, 1);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask().body, kBig);
  pairs(5);
  for (const auto& kept : records(5)) EXPECT_EQ(kept.provenance.variant, "production");
  EXPECT_EQ(gateway->counters().requests(), 5U);
  EXPECT_EQ(gateway->counters().kept(Kept::kTaken), 5U);
  EXPECT_TRUE(told().empty());  // no client was answered by a promoted model
}

TEST_F(ShadowTest, OnlyItsShareOfItsWorkloadIsCopied) {
  serve_with(0, 0.5);
  for (int i = 0; i < 60; ++i) (void)ask();
  for (int i = 0; i < 20; ++i) (void)chat(kRequest);  // of no promoted workload
  records(80);
  wait_for_metric("outcome=\"answered\"} " + std::to_string(candidate->requests()));
  EXPECT_GT(candidate->requests(), 10);
  EXPECT_LT(candidate->requests(), 50);
}

TEST_F(ShadowTest, ALiveModelsAnswersAreComparedWithProductions) {
  serve_with(1, 1);
  EXPECT_EQ(ask().body, kSmall);
  const auto pair = pairs(1).front();
  EXPECT_FALSE(pair.was_candidate_copied);
  EXPECT_EQ(pair.candidate.response, kSmall);
  EXPECT_EQ(pair.other.response, kBig);
  EXPECT_EQ(upstream.last().body, kRequest);
  EXPECT_THAT(told(), ElementsAre("p-1 ok"));
}

TEST_F(ShadowTest, BesideALiveModelTheCanarysOtherSideIsThatModel) {
  serve_with(0, 0);
  auto live = promoted("p-0", 1, 0);
  live.target = {.upstream = "main", .model = "live", .variant = "live"};
  ASSERT_TRUE(gateway->set_promoted({promoted("p-1", 1, 1), live}).ok());
  EXPECT_EQ(ask().body, kSmall);
  EXPECT_EQ(pairs(1).front().promotion, "p-1");
  EXPECT_EQ(upstream.last().body, R"({"model":"live","messages":[]})");
  // What the canary is not drawn for is answered by the live model, not by production.
  ASSERT_TRUE(gateway->set_promoted({promoted("p-1", 0, 0), live}).ok());
  EXPECT_EQ(ask().body, kBig);
  EXPECT_EQ(records(2).back().provenance.variant, "live");
}

TEST_F(ShadowTest, AStreamIsCopiedAndRebuilt) {
  serve_with(0, 1);
  candidate->answers(200,
                     "data: {\"model\":\"small\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hel\"}}]}\n\n"
                     "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\n"
                     "data: [DONE]\n\n",
                     {{"Content-Type", "text/event-stream"}});
  EXPECT_EQ(ask(R"({"model":"gpt-4o","stream":true,"messages":[]})").body, kBig);
  const auto pair = pairs(1).front();
  EXPECT_THAT(pair.candidate.response, HasSubstr("hello"));
  EXPECT_EQ(pair.candidate.provenance.ending, record::Ending::kFinished);
}

TEST_F(ShadowTest, ADeadCandidateIsSeenByThePairAloneNotByTheClientOrItsBreaker) {
  serve_with(0, 1);
  candidate.reset();  // its port is closed
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask().body, kBig);
  for (const auto& pair : pairs(20)) EXPECT_EQ(pair.candidate.provenance.ending, record::Ending::kUpstreamDied);
  EXPECT_THAT(metrics(), HasSubstr("flywheel_gateway_upstream_open{upstream=\"small\"} 0"));
  EXPECT_THAT(metrics(), HasSubstr("flywheel_gateway_shadow_total{outcome=\"failed\"} 20"));
}

TEST_F(ShadowTest, ACandidateThatHangsHoldsNoClientUpAndWhatHasNoRoomIsDroppedAndCounted) {
  serve_with(0, 1, {.concurrency = 2, .max_waiting = 3});
  candidate_hangs();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(ask().body, kBig);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  wait_for_metric("outcome=\"no_room\"} 45");
  EXPECT_EQ(candidate->requests(), 2);
}

TEST_F(ShadowTest, AnAnswerThatTakesTooLongIsGivenUp) {
  serve_with(0, 1, {.timeout = 50ms});
  candidate_hangs();
  EXPECT_EQ(ask().body, kBig);
  EXPECT_EQ(pairs(1).front().candidate.provenance.ending, record::Ending::kUpstreamDied);
}

TEST_F(ShadowTest, BeyondTheTokensOfAMinuteNothingIsSent) {
  serve_with(0, 1, {.tokens_a_minute = 10});  // kRequest is 8
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask().body, kBig);
  wait_for_metric("outcome=\"over_budget\"} 4");
  EXPECT_EQ(pairs(1).size(), 1U);
}

TEST_F(ShadowTest, WhatProductionRefusedIsNotAskedAgain) {
  serve_with(0, 1);
  upstream.answers(400, R"({"error":{"message":"no"}})");
  EXPECT_EQ(ask().status, 400);
  upstream.answers(200, kBig);
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(pairs(1).size(), 1U);
  EXPECT_EQ(candidate->requests(), 1);
}

TEST_F(ShadowTest, TrafficThatIsNotKeptIsComparedAllTheSame) {
  GatewaySettings settings;
  settings.capture.sample = 0;
  serve_both(std::move(settings));
  ASSERT_TRUE(gateway->set_promoted({promoted("p-1", 0, 1)}).ok());
  EXPECT_EQ(ask().body, kBig);
  pairs(1);
  EXPECT_EQ(gateway->counters().kept(Kept::kTaken), 0U);
  EXPECT_EQ(gateway->counters().kept(Kept::kSampledOut), 1U);
}

TEST_F(GatewayTest, AnAnswerNamesItsRecordByHeaderAndIsFoundByItsOwnId) {
  serve();
  upstream.answers(200, R"({"id":"chatcmpl-1","choices":[{"message":{"content":"x"}}]})");
  const auto whole = chat();
  upstream.answers(200,
                   "data: {\"id\":\"chatcmpl-2\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},"
                   "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
                   {{"Content-Type", "text/event-stream"}});
  const auto stream = chat(R"({"model":"gpt-4o","stream":true,"messages":[]})");
  const auto kept = records(2);
  for (const auto& [answer, id] : {std::pair(&whole, "chatcmpl-1"), {&stream, "chatcmpl-2"}}) {
    const auto header = answer->headers.find("x-flywheel-id");
    ASSERT_TRUE(header);
    EXPECT_TRUE(*kept[0].id == *header || *kept[1].id == *header);
    ASSERT_TRUE(gateway->record_of(id));
    EXPECT_EQ(**gateway->record_of(id), *header);
  }
  EXPECT_FALSE(gateway->record_of("chatcmpl-3"));
}

TEST_F(GatewayTest, FeedbackIsTakenAndNeitherSentOnNorKeptAsTraffic) {
  on_feedback = [](std::string body, auth::Caller) -> Task<net::Response> {
    co_return net::json_response(201, std::move(body));
  };
  serve();
  const auto answer = post("/v1/feedback", R"({"id":"chatcmpl-1","outcome":"bad"})");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, R"({"id":"chatcmpl-1","outcome":"bad"})");
  EXPECT_EQ(post("/v1/feedback", std::string(65 << 10, ' ')).status, 413);
  EXPECT_EQ(upstream.requests(), 0);
}

TEST(TokenAllowance, RefillsByTheMinuteAndMayBeOverdrawnAfterwards) {
  const Instant begin = kernel_now();
  TokenAllowance allowance(60, begin);
  EXPECT_TRUE(allowance.take(60, begin));
  EXPECT_FALSE(allowance.take(1, begin));
  EXPECT_TRUE(allowance.take(10, begin + 10s));
  allowance.charge(20);
  EXPECT_FALSE(allowance.take(1, begin + 20s));
  EXPECT_TRUE(allowance.take(1, begin + 32s));
}

}  // namespace
}  // namespace fw::capture

#include <set>

#include "capture/gateway/tests/promoted_fixture.h"

namespace fw::capture {
namespace {

using testing::Each;
using testing::ElementsAre;

class PromotedTest : public TwoSidesTest {
 protected:
  PromotedTest() { serve_both(); }
  void promote(double share) { ASSERT_TRUE(gateway->set_promoted({promoted("p-1", share)}).ok()); }
  std::string ask(const std::string& conversation, const char* workload = "router") {
    return chat(kRequest, {{"x-flywheel-workload", workload},
                           {"x-flywheel-client", "demo"},
                           {"x-flywheel-conversation", conversation}})
        .body;
  }
};

TEST_F(PromotedTest, AnswersItsShareEachConversationByOneModelAlone) {
  promote(0.5);
  std::set<std::string> small, big;
  for (int turn = 0; turn < 3; ++turn) {
    for (int i = 0; i < 20; ++i) {
      const std::string conversation = "c" + std::to_string(i);
      (ask(conversation) == kSmall ? small : big).insert(conversation);
    }
  }
  EXPECT_EQ(small.size() + big.size(), 20U);  // none stands on both sides
  EXPECT_TRUE(small.size() > 2 && big.size() > 2);
  EXPECT_EQ(ask("c1", "writer"), kBig);
  EXPECT_THAT(told(), Each("p-1 ok"));
  EXPECT_EQ(told().size(), 3 * small.size());
}

TEST_F(PromotedTest, TheRecordSaysWhoAnsweredAndTheCandidateIsAskedByItsName) {
  promote(1);
  EXPECT_EQ(ask("c"), kSmall);
  EXPECT_EQ(candidate->last().body, R"({"model":"tuned","messages":[]})");
  const auto kept = records().front();
  EXPECT_EQ(kept.provenance.variant, "small tuned");
  EXPECT_EQ(kept.request, kRequest);
}

TEST_F(PromotedTest, ProductionAnswersTheSameRequestWhenTheCandidateCannot) {
  promote(1);
  for (const int status : {400, 429, 500, 503}) {
    candidate->answers(status, "{}");
    EXPECT_EQ(ask("c"), kBig) << status;
  }
  candidate.reset();  // its port is closed
  EXPECT_EQ(ask("c"), kBig);
  EXPECT_EQ(upstream.requests(), 5);
  EXPECT_EQ(upstream.last().body, kRequest);
  EXPECT_THAT(told(), Each("p-1 error"));
  EXPECT_EQ(told().size(), 5U);
  for (const auto& kept : records(5)) EXPECT_EQ(kept.provenance.variant, "production");
}

TEST_F(PromotedTest, RollingBackTakesHoldWithTheNextRequestAndRoutesStay) {
  promote(1);
  ASSERT_TRUE(gateway->set_routes({{.name = "all", .targets = {{.upstream = "main"}}}}).ok());
  EXPECT_EQ(ask("c"), kSmall);
  ASSERT_TRUE(gateway->set_promoted({}).ok());
  EXPECT_EQ(ask("c"), kBig);
  EXPECT_EQ(gateway->routes()->routes().size(), 1U);
}

TEST_F(PromotedTest, AnAnswerThatBreaksOffIsAnErrorOfTheCandidate) {
  promote(1);
  candidate->answers([](net::IncomingRequest& in, std::string, net::ResponseWriter& out) -> Task<void> {
    if (!(co_await out.start({200, {{"Content-Type", "text/event-stream"}}}, in.deadline)).ok()) co_return;
    (void)co_await out.write("data: {}\n\n", in.deadline);
  });
  net::Request request = net::json_request(net::Method::kPost, url("/v1/chat/completions"), R"({"stream":true})");
  request.headers.set("x-flywheel-workload", "router");
  request.headers.set("x-flywheel-client", "demo");
  EXPECT_FALSE(run(client.send(std::move(request), Deadline::after(10s))).ok());
  records();
  EXPECT_THAT(told(), ElementsAre("p-1 error"));
}

TEST_F(PromotedTest, OneThatLeadsNowhereKeepsNoRollbackFromTakingHold) {
  promote(1);
  EXPECT_EQ(ask("c"), kSmall);
  Promoted gone = promoted("p-2", 1);
  gone.target.upstream = "gone";
  const auto left_out = gateway->set_promoted({gone});
  ASSERT_TRUE(left_out.ok());
  ASSERT_EQ(left_out->size(), 1U);
  EXPECT_EQ(left_out->at(0).id, "p-2");
  EXPECT_EQ(ask("c"), kBig) << "the one that was rolled back answers no more";
}

}  // namespace
}  // namespace fw::capture

#include <future>
#include <sstream>

#include "capture/gateway/tests/promoted_fixture.h"

namespace fw::capture {
namespace {

/// A gateway that knows production alone: the candidate's upstream comes with its promotion.
class BroughtTest : public TwoSidesTest {
 protected:
  BroughtTest() { serve(); }

  [[nodiscard]] Promoted brought(double share, double shadow = 0) const {
    Promoted one = promoted("p-1", share, shadow);
    one.target.upstream = "served p-1";
    one.brought = {.settings = upstream_settings("served p-1", *candidate), .lease = lease};
    return one;
  }
  net::Response ask() {
    return chat(
        kRequest,
        {{"x-flywheel-workload", "router"}, {"x-flywheel-client", "demo"}, {"Authorization", "Bearer sk-production"}});
  }
  /// Nobody holds the lease but the test.
  [[nodiscard]] bool is_lease_free() {
    for (int i = 0; i < 500 && lease.use_count() > 1; ++i) EXPECT_TRUE(run(pause(10ms)).ok());
    return lease.use_count() == 1;
  }

  std::shared_ptr<const void> lease = std::make_shared<int>(0);
};

TEST_F(BroughtTest, AnUpstreamComesAndGoesWithItsPromotion) {
  EXPECT_EQ(ask().body, kBig);
  ASSERT_TRUE(gateway->set_promoted({brought(1)}).ok());
  EXPECT_EQ(ask().body, kSmall);
  EXPECT_FALSE(candidate->last().headers.contains("Authorization"));
  EXPECT_EQ(upstream.last().headers.find("Authorization"), "Bearer sk-production");
  std::ostringstream metrics;
  gateway->write_metrics(metrics);
  EXPECT_THAT(metrics.str(), testing::HasSubstr("upstream_open{upstream=\"served p-1\"} 0"));
  ASSERT_TRUE(gateway->set_promoted({}).ok());
  EXPECT_EQ(ask().body, kBig);
  EXPECT_EQ(gateway->routes()->promoted().size(), 0U);
  EXPECT_TRUE(is_lease_free());
}

TEST_F(BroughtTest, ItGetsItsOwnKeyAndNoneOfTheClients) {
  Promoted one = brought(1, 1);
  one.brought->settings.api_key_env = "KEY";
  ASSERT_TRUE(gateway->set_promoted({one}).ok());
  EXPECT_EQ(chat(kRequest, {{"x-flywheel-workload", "router"},
                            {"x-flywheel-client", "demo"},
                            {"Authorization", "Bearer sk-production"},
                            {"x-api-key", "sk-production"}})
                .body,
            kSmall);
  EXPECT_EQ(candidate->last().headers.find("Authorization"), "Bearer ours");
  EXPECT_FALSE(candidate->last().headers.contains("x-api-key"));
  EXPECT_EQ(pairs(1).front().other.response, kBig);
  EXPECT_EQ(upstream.last().headers.find("Authorization"), "Bearer sk-production");
  one.share = 0;
  ASSERT_TRUE(gateway->set_promoted({one}).ok());
  EXPECT_EQ(ask().body, kBig);
  EXPECT_EQ(pairs(2).back().candidate.response, kSmall);
  EXPECT_EQ(candidate->last().headers.find("Authorization"), "Bearer ours");
}

TEST_F(BroughtTest, WhatIsUnderWayEndsWhereItBeganAndHoldsTheLeaseUntilThen) {
  std::promise<void> arrived;
  std::atomic<bool> may_answer = false;
  candidate->answers([&](net::IncomingRequest& in, std::string, net::ResponseWriter& out) -> Task<void> {
    arrived.set_value();
    while (!may_answer) (void)co_await sleep_for(10ms, in.deadline);
    co_await FakeUpstream::send(out, {200, {{"Content-Type", "application/json"}}, kSmall});
  });
  ASSERT_TRUE(gateway->set_promoted({brought(1)}).ok());
  auto answered = std::async(std::launch::async, [this] { return ask().body; });
  arrived.get_future().wait();
  ASSERT_TRUE(gateway->set_promoted({}).ok());
  EXPECT_EQ(chat().body, kBig);
  EXPECT_GT(lease.use_count(), 1);
  may_answer = true;
  EXPECT_EQ(answered.get(), kSmall);
  EXPECT_TRUE(is_lease_free());
}

TEST_F(BroughtTest, CopiesGoToItToo) {
  ASSERT_TRUE(gateway->set_promoted({brought(0, 1)}).ok());
  EXPECT_EQ(ask().body, kBig);
  EXPECT_EQ(pairs(1).front().candidate.response, kSmall);
  ASSERT_TRUE(gateway->set_promoted({brought(1, 1)}).ok());
  EXPECT_EQ(ask().body, kSmall);
  EXPECT_EQ(pairs(2).back().other.response, kBig);
}

TEST_F(BroughtTest, AnotherLeaseIsAnotherUpstreamEvenByTheSameName) {
  ASSERT_TRUE(gateway->set_promoted({brought(1)}).ok());
  EXPECT_EQ(ask().body, kSmall);
  candidate = std::make_unique<FakeUpstream>(loops);
  candidate->answers(200, R"({"again":1})");
  EXPECT_EQ(ask().body, kBig);  // its first port is closed
  const auto first = std::exchange(lease, std::make_shared<int>(0));
  ASSERT_TRUE(gateway->set_promoted({brought(1)}).ok());
  EXPECT_EQ(ask().body, R"({"again":1})");
  EXPECT_EQ(first.use_count(), 1);
}

TEST_F(BroughtTest, ItsNameIsNoOtherUpstreams) {
  Promoted one = brought(1);
  one.target.upstream = one.brought->settings.name = "main";
  const auto why = [&] { return gateway->set_promoted({one}).value().at(0).why; };
  EXPECT_THAT(why(), testing::HasSubstr("which gateway.upstreams has too"));
  one.target.upstream = "other";
  EXPECT_THAT(why(), testing::HasSubstr("leads to \"other\""));
  EXPECT_EQ(ask().body, kBig);
}

}  // namespace
}  // namespace fw::capture

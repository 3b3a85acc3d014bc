#include "runs/webhook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "runs/tests/world.h"

namespace fw::runs {
namespace {

using metastore::DeliveryStatus;
using ::testing::HasSubstr;
using testing::Life;
using testing::live;
using ::testing::SizeIs;
using testing::World;

std::string header(const WebhookRequest& request, const std::string& name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return {};
}

class WebhookTest : public ::testing::Test {
 protected:
  WebhookTest() { world_.config.webhooks = {{"http://app/hook", "HOOK_KEY", 3}}; }

  /// Runs one job until its webhook is delivered or given up.
  metastore::Delivery run() {
    metastore::Delivery delivery;
    live(world_, [&](Life& life) -> Task<void> {
      const auto job = co_await life.create();
      job_ = co_await life.finish(job->id);
      EXPECT_TRUE(co_await life.until([&] { return life.store.pending_deliveries()->empty(); }));
      const auto all = co_await life.service.deliveries(job->id);
      EXPECT_EQ(all->size(), 1U);
      delivery = all->front();
    });
    return delivery;
  }
  World world_;
  Job job_;
};

TEST_F(WebhookTest, NamesTheModelsWorthALook) {
  world_.config.promising = {.margin = 0.3, .min_rows = 10};
  run();
  ASSERT_THAT(world_.poster.requests, SizeIs(1));
  const auto body = nlohmann::json::parse(world_.poster.requests[0].body);
  EXPECT_EQ(body["event"], "job.finished");
  EXPECT_EQ(body["job_id"], *job_.id);
  EXPECT_EQ(body["workload_id"], "router");
  EXPECT_EQ(body["status"], "completed");
  EXPECT_EQ(body["decision"], "yes");
  ASSERT_THAT(body["promising_models"], SizeIs(1));
  EXPECT_EQ(body["promising_models"][0]["model_name"], "big");
  EXPECT_EQ(body["promising_models"][0]["eval_type"], "customized-eval");
  EXPECT_EQ(body["report_url"], "http://127.0.0.1:8000/api/jobs/" + *job_.id + "/report");
}

TEST_F(WebhookTest, SignsTimestampAndBody) {
  run();
  const auto& request = world_.poster.requests.at(0);
  const std::string timestamp = header(request, "X-Flywheel-Timestamp");
  EXPECT_EQ(timestamp, std::to_string(to_epoch_seconds(world_.clock.now())));
  EXPECT_EQ(header(request, "X-Flywheel-Signature"),
            "sha256=" + hmac_sha256_hex("secret", timestamp + "." + request.body));
}

TEST_F(WebhookTest, SendsAgainUntilTheReceiverTakesIt) {
  world_.poster.answers = {0, 503, 204};
  const auto delivery = run();
  EXPECT_EQ(delivery.status, DeliveryStatus::kDelivered);
  ASSERT_THAT(delivery.attempts, SizeIs(3));
  EXPECT_THAT(delivery.attempts[0].error, HasSubstr("connection refused"));
  EXPECT_EQ(delivery.attempts[1].http_status, 503);
  EXPECT_EQ(header(world_.poster.requests[0], "X-Flywheel-Delivery"),
            header(world_.poster.requests[2], "X-Flywheel-Delivery"));
}

TEST_F(WebhookTest, GivesUpAfterTheLastAttempt) {
  world_.poster.answers = {500, 500, 500, 500};
  const auto delivery = run();
  EXPECT_EQ(delivery.status, DeliveryStatus::kFailed);
  EXPECT_THAT(delivery.attempts, SizeIs(3));
}

TEST_F(WebhookTest, SendsNothingWithoutAKey) {
  world_.environment.clear();
  const auto delivery = run();
  EXPECT_EQ(delivery.status, DeliveryStatus::kFailed);
  EXPECT_THAT(delivery.attempts[0].error, HasSubstr("HOOK_KEY"));
  EXPECT_TRUE(world_.poster.requests.empty());
}

TEST_F(WebhookTest, TellsOfAFailedJobToo) {
  world_.log.error = "closed";
  run();
  const auto body = nlohmann::json::parse(world_.poster.requests.at(0).body);
  EXPECT_EQ(body["status"], "failed");
  EXPECT_THAT(body["error"].get<std::string>(), HasSubstr("closed"));
  EXPECT_TRUE(body["promising_models"].empty());
}

TEST(SignWebhook, IsTheHmacOfTheRecordedExample) {
  // echo -n '1700000000.{}' | openssl dgst -sha256 -hmac key
  const auto headers = sign_webhook("key", "d", from_epoch_seconds(1'700'000'000), "{}");
  EXPECT_EQ(headers.back().second, "sha256=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae");
}

}  // namespace
}  // namespace fw::runs

#include "net/retry.h"

#include "net/tests/fixture.h"
#include "net/tests/raw_peer.h"

namespace fw::net {
namespace {

const Timestamp kNow = from_epoch_seconds(1'700'000'000);  // Tue, 14 Nov 2023 22:13:20 GMT

Result<Response> with_status(int status, Headers headers = {}) {
  return Response{.status = status, .headers = std::move(headers)};
}

std::optional<Duration> wait_after(const Result<Response>& outcome, int attempts_made = 1, RetryPolicy policy = {}) {
  Random random(1);
  return next_wait(policy, attempts_made, outcome, kNow, random);
}

TEST(Retry, OnlyWhatMayPassIsTriedAgain) {
  for (const int status : {408, 429, 500, 502, 503, 504}) EXPECT_TRUE(wait_after(with_status(status))) << status;
  for (const int status : {200, 301, 400, 401, 404, 409, 422, 501, 505})
    EXPECT_FALSE(wait_after(with_status(status))) << status;
  EXPECT_TRUE(wait_after(unavailable("x")));
  EXPECT_FALSE(wait_after(cancelled("x")));
  EXPECT_FALSE(wait_after(invalid_argument("x")));
  EXPECT_TRUE(wait_after(with_status(409), 1, {.retry_conflict = true}));
}

TEST(Retry, WaitsGrowToTheirLimitLessAtMostHalf) {
  const RetryPolicy policy{.max_attempts = 100, .first_wait = 1s, .max_wait = 10s};
  Random random(3);
  for (int attempt = 1; attempt < 20; ++attempt) {
    const Duration full = std::min<Duration>(10s, std::chrono::seconds(1LL << std::min(attempt - 1, 10)));
    const auto wait = next_wait(policy, attempt, unavailable("x"), kNow, random);
    EXPECT_LE(*wait, full);
    EXPECT_GE(*wait, full / 2);
  }
}

TEST(Retry, AttemptsAreLimited) {
  EXPECT_TRUE(wait_after(unavailable("x"), 3));
  EXPECT_FALSE(wait_after(unavailable("x"), 4));
}

TEST(Retry, TheServersWishIsObeyedInBothForms) {
  EXPECT_EQ(wait_after(with_status(429, {{"Retry-After", "7"}})), Duration(7s));
  EXPECT_EQ(wait_after(with_status(503, {{"Retry-After", "Tue, 14 Nov 2023 22:13:50 GMT"}})), Duration(30s));
  EXPECT_EQ(wait_after(with_status(503, {{"Retry-After", "Tue, 14 Nov 2023 22:00:00 GMT"}})), Duration(0s));
  EXPECT_EQ(wait_after(with_status(503, {{"Retry-After", "Mon, 01 Jan 1600 00:00:00 GMT"}})), Duration(0s));
}

TEST(Retry, AWishBeyondReasonEndsTheAttemptsAndNonsenseIsIgnored) {
  EXPECT_FALSE(wait_after(with_status(429, {{"Retry-After", "3600"}})));
  for (const char* nonsense : {"soon", "-5", "nan", "1e300", "", "Tue, 99 Foo 2023 22:13:50 GMT"}) {
    const auto wait = wait_after(with_status(429, {{"Retry-After", nonsense}}));
    ASSERT_TRUE(wait) << nonsense;
    EXPECT_LE(*wait, 500ms) << nonsense;
  }
}

class RetrySending : public testing::Test {
 protected:
  Result<Response> send(const std::string& url, RetryPolicy policy, Deadline deadline) {
    return loop.run(send_with_retry(client, {.target = url}, policy, random, clock, std::move(deadline)));
  }
  Loop loop;
  Client client{loop.executor()};
  Random random{1};
  SystemClock clock;
};

TEST_F(RetrySending, SendsAgainUntilTheUpstreamHasRecovered) {
  RawUpstream upstream([](RawSocket& peer, int number) {
    peer.read_until("\r\n\r\n");
    if (number == 0) peer.send("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nConnection: close\r\n\r\n");
    if (number == 2) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  EXPECT_EQ(send(upstream.url(), {.first_wait = 1ms}, Deadline::after(5s)).value().body, "ok");
}

TEST_F(RetrySending, AStopEndsTheWaitBetweenAttempts) {
  std::stop_source stop;
  RawUpstream upstream([&](RawSocket& peer, int) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    peer.wait_closed();
    stop.request_stop();
  });
  EXPECT_EQ(
      send(upstream.url(), {.first_wait = 1h, .max_wait = 1h}, Deadline::when_stopped(stop.get_token())).error().code,
      ErrorCode::kCancelled);
}

TEST_F(RetrySending, AWaitThatCannotEndInTimeIsNotBegun) {
  RawUpstream upstream([](RawSocket& peer, int) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
  });
  EXPECT_EQ(send(upstream.url(), {.first_wait = 1h, .max_wait = 1h}, Deadline::after(10s)).value().status, 503);
}

}  // namespace
}  // namespace fw::net

#include "capture/gateway/impl/retry_rule.h"

#include <gtest/gtest.h>

#include "capture/gateway/circuit_breaker.h"

namespace fw::capture {
namespace {

using namespace std::chrono_literals;

constexpr Duration kMost = 3s;

std::optional<Duration> wait_after(int status, net::Headers headers = {}) {
  const net::ResponseHead head{status, std::move(headers)};
  return wait_before_retry({&head, nullptr, true}, 1, kMost, Timestamp{});
}

TEST(RetryRule, TriesAgainOnlyWhenTheUpstreamSaysSo) {
  EXPECT_EQ(wait_after(429, {{"Retry-After", "2"}}), 2s);
  EXPECT_FALSE(wait_after(429));
  EXPECT_TRUE(wait_after(502));
  EXPECT_EQ(wait_after(503, {{"Retry-After", "0"}}), 0s);
  EXPECT_FALSE(wait_after(500));
  EXPECT_FALSE(wait_after(400));
  EXPECT_FALSE(wait_after(200));
}

TEST(RetryRule, LeavesALongWaitToTheClient) { EXPECT_FALSE(wait_after(429, {{"Retry-After", "60"}})); }

TEST(RetryRule, AFailureIsTriedAgainOnlyBeforeTheRequestHasLeft) {
  const Error refused = unavailable("connection refused");
  EXPECT_TRUE(wait_before_retry({nullptr, &refused, false}, 1, kMost, Timestamp{}));
  EXPECT_FALSE(wait_before_retry({nullptr, &refused, true}, 1, kMost, Timestamp{}));
}

TEST(RetryRule, FallbacksAreForFailuresAndForUpstreamsWithoutRoom) {
  const net::ResponseHead busy{429, {}};
  const net::ResponseHead wrong{400, {}};
  const Error died = unavailable("died");
  const Error left = cancelled("the client left");
  EXPECT_TRUE(wants_fallback({&busy, nullptr, true}));
  EXPECT_FALSE(wants_fallback({&wrong, nullptr, true}));
  EXPECT_TRUE(wants_fallback({nullptr, &died, true}));
  EXPECT_FALSE(wants_fallback({nullptr, &left, true}));
}

TEST(CircuitBreaker, OpensAfterFailuresInARowAndLetsOneTry) {
  CircuitBreaker breaker(3, 5s);
  const Instant begin{1h};
  breaker.note_failure(begin);
  breaker.note_failure(begin);
  breaker.note_success();
  breaker.note_failure(begin);
  breaker.note_failure(begin);
  EXPECT_TRUE(breaker.allows(begin));
  breaker.note_failure(begin);
  EXPECT_TRUE(breaker.is_open());
  EXPECT_FALSE(breaker.allows(begin + 4s));
  EXPECT_EQ(breaker.wait(begin + 4s), 1s);
  EXPECT_TRUE(breaker.allows(begin + 5s));
  EXPECT_FALSE(breaker.allows(begin + 5s)) << "one tries, the others wait for what it finds";
  breaker.note_success();
  EXPECT_TRUE(breaker.allows(begin + 5s));
}

}  // namespace
}  // namespace fw::capture

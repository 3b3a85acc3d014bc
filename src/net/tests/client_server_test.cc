#include "net/tests/fixture.h"

namespace fw::net {
namespace {

using testing::Eq;
using testing::HasSubstr;

Task<Result<Response>> echo(Call call) { co_return text_response(200, call.request.body); }
Task<Result<Response>> say_job(Call call) { co_return text_response(200, "job " + call.params.at("id")); }

TEST_F(NetTest, AWholeRequestGetsAWholeAnswer) {
  router.on(Method::kPost, "/echo", echo);
  serve();
  const auto answer = post("/echo", "hello");
  ASSERT_TRUE(answer.ok()) << answer.error();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "hello");
}

TEST_F(NetTest, SequentialRequestsShareOneConnection) {
  router.on(Method::kGet, "/api/jobs/{id}", say_job);
  serve();
  for (int i = 0; i < 1000; ++i) {
    const auto answer = get("/api/jobs/" + std::to_string(i));
    ASSERT_TRUE(answer.ok()) << answer.error();
    ASSERT_EQ(answer->body, "job " + std::to_string(i));
  }
  EXPECT_EQ(server->connections(), 1U);
  EXPECT_EQ(client.idle_connections(), 1U);
}

TEST_F(NetTest, NoMoreExchangesGoOnWithAnOriginThanAllowedAndTheOthersWaitTheirTurn) {
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  router.on(Method::kGet, "/", [&](Call call) -> Task<Result<Response>> {
    const int at_once = ++now;
    if (at_once > most) most = at_once;
    (void)co_await sleep_for(1ms, call.deadline);
    --now;
    co_return Response{};
  });
  serve();
  Client narrow(loop.executor(), {.max_per_origin = 2});
  std::atomic<int> answered = 0;
  loop.run(for_each_bounded(30, 10, Deadline::never(), [&](std::size_t) -> Task<void> {
    if ((co_await narrow.send({.target = url("/")}, Deadline::after(10s))).ok()) ++answered;
  }));
  EXPECT_EQ(answered, 30);
  EXPECT_LE(most, 2);
}

Task<bool> is_answered(Client& client, std::string url) {
  co_return (co_await client.send({.target = std::move(url)}, Deadline::after(10s))).ok();
}

TEST_F(NetTest, AWaitForATurnEndsWithItsDeadlineAndTakesNothingAway) {
  std::stop_source stop;
  router.on(Method::kGet, "/hold", [&](Call) -> Task<Result<Response>> {
    (void)co_await sleep_for(1h, Deadline::when_stopped(stop.get_token()));
    co_return Response{};
  });
  router.on(Method::kGet, "/", [](Call) -> Task<Result<Response>> { co_return Response{}; });
  serve();
  Client narrow(loop.executor(), {.max_per_origin = 1});
  auto held = boost::asio::co_spawn(loop.executor(), is_answered(narrow, url("/hold")), boost::asio::use_future);
  while (server->connections() == 0) std::this_thread::yield();
  EXPECT_EQ(loop.run(narrow.send({.target = url("/")}, Deadline::after(20ms))).error().code,
            ErrorCode::kDeadlineExceeded);
  stop.request_stop();
  EXPECT_TRUE(held.get());
  EXPECT_TRUE(loop.run(narrow.send({.target = url("/")}, Deadline::after(10s))).ok());
}

}  // namespace
}  // namespace fw::net

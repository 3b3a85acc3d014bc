#include "runs/http_webhook_poster.h"

#include <gtest/gtest.h>

#include <boost/asio/this_coro.hpp>

#include "async/run_blocking.h"
#include "net/client.h"
#include "net/router.h"
#include "net/server.h"

namespace fw::runs {
namespace {

/// Posts to a server that answers with the status; what arrived.
std::pair<Result<int>, net::Request> post(int status) {
  std::pair<Result<int>, net::Request> seen{internal("not sent"), {}};
  const auto scenario = [&]() -> Task<void> {
    const Executor executor = co_await boost::asio::this_coro::executor;
    const net::Handler handler = [&](net::IncomingRequest& in, net::ResponseWriter& out) -> Task<void> {
      seen.second.method = in.method;
      seen.second.target = in.target;
      seen.second.headers = in.headers;
      while (true) {
        auto piece = co_await in.body->next(in.deadline);
        if (!piece.ok() || !*piece) break;
        seen.second.body += **piece;
      }
      static_cast<void>(co_await out.send(net::text_response(status, "ok"), in.deadline));
    };
    net::Server server(executor, {}, handler);
    EXPECT_TRUE(server.start().ok());
    net::Client client(executor);
    HttpWebhookPoster poster(client);
    WebhookRequest request{server.url() + "/hook?x=1", {{"X-Flywheel-Delivery", "d1"}}, "{\"a\":1}"};
    seen.first = co_await poster.post(std::move(request), Deadline::after(std::chrono::seconds(10)));
    co_await server.stop(std::chrono::seconds(1));
  };
  run_blocking(scenario());
  return seen;
}

TEST(HttpWebhookPoster, SendsBodyAndHeadersAsTheyAre) {
  const auto [status, request] = post(204);
  ASSERT_TRUE(status.ok()) << status.error();
  EXPECT_EQ(*status, 204);
  EXPECT_EQ(request.method, net::Method::kPost);
  EXPECT_EQ(request.target, "/hook?x=1");
  EXPECT_EQ(request.body, "{\"a\":1}");
  EXPECT_EQ(request.headers.find("X-Flywheel-Delivery"), "d1");
}

TEST(HttpWebhookPoster, ReturnsAnyStatus) { EXPECT_EQ(*post(503).first, 503); }

TEST(HttpWebhookPoster, SaysWhenNobodyAnswers) {
  const auto scenario = []() -> Task<Result<int>> {
    net::Client client(co_await boost::asio::this_coro::executor);
    HttpWebhookPoster poster(client);
    co_return co_await poster.post({"http://127.0.0.1:1/", {}, "{}"}, Deadline::after(std::chrono::seconds(10)));
  };
  EXPECT_EQ(run_blocking(scenario()).error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace fw::runs

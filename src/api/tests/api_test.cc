#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <cctype>
#include <functional>
#include <future>
#include <thread>

#include "api/openapi.h"
#include "api/tests/api_fixture.h"

namespace fw::api {
namespace {

using testing::HasSubstr;

TEST_F(ApiTest, TheMetricsHaveAGaugeForEveryQueue) {
  const auto text = send(net::Method::kGet, "/metrics").body;
  EXPECT_THAT(text, HasSubstr("\nflywheel_pool_waiting{pool=\"load\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\nflywheel_pool_refused_total{pool=\"disk\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\nflywheel_committer_records_total{result=\"refused\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\nflywheel_committer_oldest_wait_seconds 0\n"));
}

TEST_F(ApiTest, EveryAddressOfAPageAnswersTheDocumentWithoutAnythingInline) {
  for (const char* address :
       {"/", "/workloads", "/workloads/a%2Fb", "/traffic", "/traffic/r", "/runs/new", "/runs/x/report", "/datasets",
        "/datasets/x", "/review", "/promotions", "/promotions/p-1", "/settings", "/settings/audit"}) {
    const auto page = send(net::Method::kGet, address);
    EXPECT_EQ(page.status, 200) << address;
    EXPECT_EQ(page.headers.find("Content-Type"), "text/html; charset=utf-8");
    EXPECT_THAT(std::string(page.headers.find("Content-Security-Policy").value_or("")),
                HasSubstr("script-src 'self';"));
  }
  EXPECT_THAT(send(net::Method::kGet, "/nowhere").body, HasSubstr("nothing is found at /nowhere"));
  for (const char* address : {"/nowhere", "/api/nowhere"}) {
    auto request = net::json_request(net::Method::kGet, server_->url() + address, "");
    request.headers.set("Accept", "text/html,application/xhtml+xml");
    const auto seen =
        run_blocking(client_->send(std::move(request), Deadline::after(std::chrono::seconds(20)))).value();
    EXPECT_EQ(seen.status, 404);
    EXPECT_EQ(seen.body.starts_with("<!doctype html>"), std::string(address) == "/nowhere") << seen.body.substr(0, 100);
  }
  EXPECT_EQ(send(net::Method::kGet, "/assets/app.css").headers.find("Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(send(net::Method::kGet, "/assets/other.js").status, 404);
}

TEST_F(ApiTest, ABrowserThatHasThePageIsNotSentItAgain) {
  const auto first = send(net::Method::kGet, "/assets/app.js");
  auto request = net::json_request(net::Method::kGet, server_->url() + "/assets/app.js", "");
  request.headers.set("If-None-Match", std::string(first.headers.find("ETag").value_or("")));
  const auto again = run_blocking(client_->send(std::move(request), Deadline::after(std::chrono::seconds(20))));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->status, 304);
  EXPECT_EQ(again->body, "");
}

TEST_F(ApiTest, LargeAnswersArePackedForWhoTakesThat) {
  auto request = net::json_request(net::Method::kGet, server_->url() + "/openapi.json", "");
  request.headers.set("Accept-Encoding", "gzip, deflate, br");
  const auto packed = run_blocking(client_->send(std::move(request), Deadline::after(std::chrono::seconds(20))));
  ASSERT_TRUE(packed.ok());
  EXPECT_EQ(packed->headers.find("Content-Encoding"), "gzip");
  EXPECT_LT(packed->body.size(), openapi_document().size() / 4);
  EXPECT_EQ(send(net::Method::kGet, "/openapi.json").body.size(), openapi_document().size());
}

TEST_F(ApiTest, EveryPathOfTheOpenApiDocumentIsServed) {
  const Json document = Json::parse(openapi_document());
  for (const auto& [path, operations] : document["paths"].items()) {
    std::string concrete = path;
    if (const auto at = concrete.find("{id}"); at != std::string::npos)
      concrete.replace(at, 4, "0123456789abcdef01234567");
    for (const std::string name : {"{path}", "{name}", "{record}"}) {
      if (const auto at = concrete.find(name); at != std::string::npos) concrete.replace(at, name.size(), "x");
    }
    for (const auto& [method, operation] : operations.items()) {
      // A stream without an end has its own test.
      if (method == "parameters" || path == "/api/events") continue;
      std::string upper = method;
      std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
      const auto response = send(*net::parse_method(upper), concrete, method == "post" ? "{}" : "");
      EXPECT_NE(response.status, 405) << method << ' ' << path;
      EXPECT_TRUE(operation["responses"].contains(std::to_string(response.status)))
          << method << ' ' << path << " answered " << response.status << ", which the document does not name";
    }
  }
}

TEST_F(ApiTest, HealthAndReadinessAnswer) {
  EXPECT_EQ(send(net::Method::kGet, "/healthz").status, 200);
  EXPECT_EQ(send(net::Method::kGet, "/readyz").status, 200);
  EXPECT_EQ(send(net::Method::kGet, "/nothing").status, 404);
}

/// Follows live events, has the server stop once the first have come, and gives what came after them.
Task<std::string> last_events(net::Client& client, net::Server& server) {
  const Deadline deadline = Deadline::after(std::chrono::seconds(20));
  auto stream = co_await client.open({.target = server.url() + "/api/events"}, deadline);
  if (!stream.ok()) co_return stream.error().message;
  const auto first = co_await (*stream)->next(deadline);
  if (!first.ok() || !*first || (*first)->find("event: traffic") == std::string::npos) co_return "no first events";
  server.begin_stop(std::chrono::seconds(5));
  std::string text;
  while (true) {
    auto piece = co_await (*stream)->next(deadline);
    if (!piece.ok()) co_return text + piece.error().message;
    if (!*piece) co_return text;
    text += **piece;
  }
}

TEST_F(ApiTest, LiveEventsEndWithOneThatSaysWhy) {
  auto last = boost::asio::co_spawn(io_.get_executor(), last_events(*client_, *server_), boost::asio::use_future);
  EXPECT_THAT(last.get(), testing::EndsWith("event: stopping\ndata: {}\n\n"));
}

/// Follows live events, does something once the first have come, and gives what came from then to the stream's end.
Task<std::string> events_until_the_end(net::Client& client, std::string url, net::Headers headers,
                                       std::function<void()> act) {
  const Deadline deadline = Deadline::after(std::chrono::seconds(20));
  auto stream = co_await client.open({.target = url + "/api/events", .headers = std::move(headers)}, deadline);
  if (!stream.ok()) co_return stream.error().message;
  std::string text;
  for (bool has_acted = false;;) {
    const auto piece = co_await (*stream)->next(deadline);
    if (!piece.ok()) co_return text + piece.error().message;
    if (!*piece) co_return text + "ended";
    text += **piece;
    if (has_acted || text.find("event: audit") == std::string::npos) continue;
    act();
    has_acted = true;
    text.clear();
  }
}

Task<void> send_away(net::Client& client, net::Request request) {
  (void)co_await client.send(std::move(request), Deadline::after(std::chrono::seconds(20)));
}

TEST_F(ApiTest, EventsEndWithTheKeyOrTheSessionThatTheyAreFor) {
  const auto make = [&](const char* name) {
    auth::Key key;
    key.name = name;
    key.role = auth::Role::kAdmin;
    key.listeners = {auth::ListenerName::kControl};
    return keyring_->create(key).value();
  };
  const auto follow = [&](net::Headers headers, std::function<void()> act) {
    return boost::asio::co_spawn(io_.get_executor(),
                                 events_until_the_end(*client_, server_->url(), std::move(headers), std::move(act)),
                                 boost::asio::use_future)
        .get();
  };
  std::string ada;
  const std::string of_nobody = follow({}, [&] { ada = make("ada").secret; });
  EXPECT_THAT(of_nobody, testing::EndsWith("ended")) << "from the first key on nobody is let in without";
  const auto bob = make("bob");
  const net::Headers bobs{{"Authorization", "Bearer " + bob.secret}};
  const std::string of_bob = follow(bobs, [&] { EXPECT_TRUE(keyring_->revoke(bob.key.id).ok()); });
  EXPECT_THAT(of_bob, testing::EndsWith("ended"));
  EXPECT_THAT(of_bob, testing::Not(testing::HasSubstr("event:"))) << "nothing comes after the revocation";

  const auto opened = send(net::Method::kPost, "/api/session", R"({"key": ")" + ada + "\"}");
  const std::string set(opened.headers.find("Set-Cookie").value_or(""));
  const net::Headers cookie{{"Cookie", set.substr(0, set.find(';'))}};
  net::Headers signed_in = cookie;
  signed_in.set("X-Flywheel-Csrf", json_of(opened)["csrf"].get<std::string>());
  const auto sign_out = [&] {
    boost::asio::co_spawn(
        io_.get_executor(),
        send_away(*client_,
                  {.method = net::Method::kDelete, .target = server_->url() + "/api/session", .headers = signed_in}),
        boost::asio::detached);
  };
  EXPECT_THAT(follow(cookie, sign_out), testing::EndsWith("ended"));
}

TEST_F(ApiTest, TheRevisionOfSearchesChangesWithTheirBeginningTheirEndAndTheRules) {
  const auto before = desk_.revision();
  ASSERT_TRUE(desk_.start({.source = record::WorkloadId("w"), .client = {}, .settings = {}}).ok());
  const auto begun = desk_.revision();
  EXPECT_NE(begun, before);
  for (int i = 0; i < 400 && desk_.state()->phase == discovery::Desk::Phase::kRunning; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  const auto ended = desk_.revision();
  EXPECT_GT(ended, before + 1);
  ASSERT_TRUE(rules_->add("w", {}).ok());
  EXPECT_NE(desk_.revision(), ended);
}

TEST_F(ApiTest, WhatReadsTheLogStoreWaitsNoLongerThanItsRequest) {
  std::promise<void> release;
  const auto held = release.get_future().share();
  for (int i = 0; i < 2; ++i) boost::asio::post(disk_.executor(), [held] { held.wait(); });
  const net::ServerOptions impatient{.request_timeout = std::chrono::milliseconds(100)};
  net::Server server(io_.get_executor(), impatient, api_->handler());
  ASSERT_TRUE(server.start().ok());
  const auto status_of = [&](net::Method method, const std::string& path, std::string body) {
    auto request = net::json_request(method, server.url() + path, std::move(body));
    const auto answer = run_blocking(client_->send(std::move(request), Deadline::after(std::chrono::seconds(10))));
    return answer.ok() ? answer->status : 0;
  };
  for (const auto* path : {"/api/workloads", "/api/interactions", "/api/log/stats"}) {
    EXPECT_EQ(status_of(net::Method::kGet, path, ""), 504) << path;
  }
  EXPECT_EQ(status_of(net::Method::kPost, "/api/jobs", R"({"workload_id":"w","client_id":"c"})"), 504);
  release.set_value();
  server.stop_blocking(std::chrono::seconds(1));
}

}  // namespace
}  // namespace fw::api

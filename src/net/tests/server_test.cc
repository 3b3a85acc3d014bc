#include "net/tests/fixture.h"
#include "net/tests/raw_peer.h"

namespace fw::net {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

/// A server that is spoken to in raw bytes.
class ServerTest : public NetTest {
 protected:
  void SetUp() override {
    router.on(Method::kPost, "/echo",
              [](Call call) -> Task<Result<Response>> { co_return text_response(200, call.request.body); });
    router.on(Method::kGet, "/hello", [](Call) -> Task<Result<Response>> { co_return text_response(200, "hello"); });
  }
  /// All that the server says to these bytes until it closes.
  std::string answer_to(std::string_view bytes) {
    RawSocket peer = RawSocket::to(server->port());
    peer.send(bytes);
    return peer.read_to_end();
  }
};

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  serve();
  const std::string answers = answer_to(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\none"
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ntw\r\n1\r\no\r\n0\r\n\r\n"
      "\r\nGET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answers, testing::ContainsRegex("one.*two.*Connection: close.*hello")) << answers;
}

TEST_F(ServerTest, Http10ClosesUnlessAskedToStay) {
  serve();
  EXPECT_THAT(answer_to("GET /hello HTTP/1.0\r\n\r\n"), AllOf(HasSubstr("Connection: close"), HasSubstr("hello")));
  RawSocket peer = RawSocket::to(server->port());
  for (int i = 0; i < 2; ++i) {
    peer.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_THAT(peer.read_until("hello"), HasSubstr("Connection: keep-alive"));
  }
}

TEST_F(ServerTest, HeadHasTheLengthButNoBody) {
  serve();
  const std::string answer = answer_to("HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, AllOf(HasSubstr("Content-Length: 5\r\n"), testing::EndsWith("\r\n\r\n")));
}

TEST_F(ServerTest, WhatIsMalformedNeverReachesAHandler) {
  router.otherwise([](IncomingRequest&, ResponseWriter&) -> Task<void> {
    ADD_FAILURE() << "reached a handler";
    co_return;
  });
  serve();
  EXPECT_THAT(answer_to("\x16\x03\x01\x02\n\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer_to("GET /x\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer_to("GET /x HTTP/1.1\r\n\r\n"), AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("Host")));
  EXPECT_THAT(answer_to("BREW /x HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 501"));
  EXPECT_THAT(answer_to("GET /x HTTP/2.0\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer_to("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\na"), StartsWith("HTTP/1.1 400"));
}

TEST_F(ServerTest, BodiesWhoseEndIsAmbiguousAreRefused) {
  serve();
  for (const char* lines :
       {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Transfer-Encoding: gzip\r\n", "Transfer-Encoding: chunked, gzip\r\n"}) {
    const auto answer = answer_to("POST /echo HTTP/1.1\r\nHost: x\r\n" + std::string(lines) + "\r\n0\r\n\r\n");
    EXPECT_THAT(answer, testing::MatchesRegex("HTTP/1.1 (400|501).*Connection: close.*")) << lines;
  }
}

TEST_F(ServerTest, WhatCouldBeReadAsTwoRequestsIsRefusedAndNothingBehindItIsServed) {
  serve();
  const std::string behind = "\r\n5\r\nhello\r\n0\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const char* head :
       {"POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nHost: y\r\nTransfer-Encoding: chunked\r\n",
        "POST /echo HTTP/1.1\r\nHost: x/@y\r\nTransfer-Encoding: chunked\r\n"}) {
    const std::string answer = answer_to(head + behind);
    EXPECT_THAT(answer, testing::MatchesRegex("HTTP/1.1 (400|501).*Connection: close.*")) << head;
    EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << answer;
  }
}

TEST_F(ServerTest, ATargetInAbsoluteFormIsServedUnderItsOwnHost) {
  router.on(Method::kGet, "/host", [](Call call) -> Task<Result<Response>> {
    co_return text_response(200, std::string(*call.request.headers.find("host")) + " " + call.request.target);
  });
  serve();
  EXPECT_THAT(answer_to("GET http://example.com:81/host?a=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
              testing::EndsWith("example.com:81 /host?a=b"));
  EXPECT_THAT(answer_to("GET ftp://example.com/host HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 400"));
}

TEST_F(ServerTest, HeadsBeyondTheLimitGet431InOnePieceOrInDrops) {
  serve({.max_header_bytes = 1000});
  EXPECT_THAT(answer_to("GET /x HTTP/1.1\r\nHost: x\r\nA: " + std::string(2000, 'a') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431"));
  RawSocket peer = RawSocket::to(server->port());
  peer.send("GET /x HTTP/1.1\r\nHost: x\r\n");
  for (int i = 0; i < 200; ++i) peer.send("A: 0123\r\n");
  EXPECT_THAT(peer.read_to_end(), StartsWith("HTTP/1.1 431"));
}

TEST_F(ServerTest, BodiesBeyondTheLimitGet413DeclaredOrChunked) {
  serve({.max_body_bytes = 10});
  EXPECT_THAT(answer_to("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n01234567890"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(answer_to("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n8\r\n"),
              StartsWith("HTTP/1.1 413"));
}

TEST_F(ServerTest, AChunkFrameWithoutEndIsRefused) {
  serve({.max_header_bytes = 1000});
  EXPECT_THAT(
      answer_to("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(100'000, 'e')),
      AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("Connection: close")));
}

TEST_F(ServerTest, StoppingDoesNotWaitForAHeadThatIsNotWhole) {
  serve();
  RawSocket peer = RawSocket::to(server->port());
  peer.send("GET /hello HTTP/1.1\r\nHost:");
  while (server->connections() == 0) std::this_thread::yield();
  EXPECT_LT(time_of([&] { server->stop_blocking(5s); }), 1000ms);
}

TEST_F(ServerTest, AHeadThatDripsIsCutOff) {
  serve({.header_timeout = 40ms});
  RawSocket peer = RawSocket::to(server->port());
  peer.send("GET /hello HTTP/1.1\r\nHost:");
  EXPECT_LT(time_of([&] { EXPECT_TRUE(peer.wait_closed()); }), 1000ms);
}

TEST_F(ServerTest, AnIdleConnectionIsClosed) {
  serve({.idle_timeout = 40ms});
  RawSocket peer = RawSocket::to(server->port());
  EXPECT_LT(time_of([&] { EXPECT_TRUE(peer.wait_closed()); }), 1000ms);
}

TEST_F(ServerTest, ABodyThatStallsEndsTheReadWithItsTimeout) {
  std::promise<ErrorCode> seen;
  router.on_stream(Method::kPost, "/slow", [&](IncomingRequest& request, PathParams, ResponseWriter&) -> Task<void> {
    const auto body = co_await read_all(*request.body, 100, Deadline::never());
    seen.set_value(body.error().code);
  });
  serve({.body_timeout = 40ms});
  RawSocket peer = RawSocket::to(server->port());
  peer.send("POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_TRUE(peer.wait_closed());
  EXPECT_EQ(seen.get_future().get(), ErrorCode::kDeadlineExceeded);
}

TEST_F(ServerTest, AClientThatWaitsForContinueGetsItWhenTheBodyIsRead) {
  serve();
  RawSocket peer = RawSocket::to(server->port());
  peer.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(peer.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("ok");
  EXPECT_THAT(peer.read_until("ok"), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(ServerTest, ABodyThatNobodyReadIsSkippedBeforeTheNextRequest) {
  serve();
  RawSocket peer = RawSocket::to(server->port());
  peer.send("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n" + std::string(20000, 'x'));
  EXPECT_THAT(peer.read_until("nowhere"), StartsWith("HTTP/1.1 404"));
  peer.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(peer.read_until("hello"), HasSubstr("HTTP/1.1 200"));
}

TEST_F(ServerTest, ABodyThatWillNotBeTakenIsNotAskedFor) {
  Router small({.max_bytes = 100});
  small.on(Method::kPost, "/echo", [](Call) -> Task<Result<Response>> { co_return Response{}; });
  server = std::make_unique<Server>(loop.executor(), ServerOptions{}, small.handler());
  ASSERT_TRUE(server->start().ok());
  const std::string answer =
      answer_to("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("Connection: close"))) << answer;
  server->stop_blocking(1s);
}

TEST_F(ServerTest, BodiesShareABudgetAndItIsGivenBack) {
  Router small({.max_bytes_in_flight = 100});
  std::promise<void> begun;
  std::stop_source stop;
  small.on(Method::kPost, "/hold", [&](Call call) -> Task<Result<Response>> {
    begun.set_value();
    (void)co_await sleep_for(1h, Deadline::when_stopped(stop.get_token()));
    co_return text_response(200, call.request.body);
  });
  small.on(Method::kPost, "/echo", [](Call) -> Task<Result<Response>> { co_return Response{}; });
  server = std::make_unique<Server>(loop.executor(), ServerOptions{}, small.handler());
  ASSERT_TRUE(server->start().ok());
  RawSocket holder = RawSocket::to(server->port());
  holder.send("POST /hold HTTP/1.1\r\nHost: x\r\nContent-Length: 80\r\n\r\n" + std::string(80, 'x'));
  begun.get_future().wait();
  const auto refused = post("/echo", std::string(80, 'y'));
  EXPECT_EQ(refused.value().status, 503);
  EXPECT_TRUE(refused.value().headers.contains("Retry-After"));
  stop.request_stop();
  EXPECT_THAT(holder.read_until("xxx"), StartsWith("HTTP/1.1 200"));
  // The answer is out a moment before the room is given back.
  int status = 0;
  for (int i = 0; i < 500 && status != 200; ++i) {
    status = post("/echo", std::string(80, 'y')).value().status;
    if (status != 200) std::this_thread::sleep_for(10ms);
  }
  EXPECT_EQ(status, 200);
  server->stop_blocking(1s);
}

TEST_F(ServerTest, ABodyThatComesInDropsIsEndedLikeOneThatStalls) {
  serve({.body_timeout = 100ms});
  RawSocket peer = RawSocket::to(server->port());
  peer.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
  std::jthread dripping([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      peer.send("x");
      std::this_thread::sleep_for(20ms);
    }
  });
  EXPECT_TRUE(peer.wait_closed());
}

TEST_F(ServerTest, ACompleteRequestIsAnsweredThoughTheClientHasClosedItsSide) {
  serve();
  RawSocket peer = RawSocket::to(server->port());
  peer.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
  peer.shut_down_writing();
  EXPECT_THAT(peer.read_to_end(), AllOf(StartsWith("HTTP/1.1 200"), testing::EndsWith("hello")));
}

TEST_F(ServerTest, EveryAnswerIsObservedRejectionsAndFailuresToo) {
  router.on(Method::kGet, "/throws", [](Call) -> Task<Result<Response>> {
    throw std::runtime_error("secret");
    co_return Response{};
  });
  std::mutex mutex;
  std::vector<std::pair<std::string, int>> seen;
  serve({.observe = [&](const Exchange& exchange) {
    const std::lock_guard lock(mutex);
    seen.emplace_back(exchange.target, exchange.status);
  }});
  answer_to("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  answer_to("GET /throws HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  answer_to("GET /hello HTTP/1.1\r\n\r\n");
  answer_to("BREW\r\n\r\n");
  server->stop_blocking(1s);
  // Connections end beside each other: their answers are observed in any order.
  EXPECT_THAT(
      seen, testing::UnorderedElementsAre(std::pair("/hello", 200), std::pair("/throws", 500), std::pair("/hello", 400),
                                          testing::Field(&std::pair<std::string, int>::second, 400)));
}

TEST_F(ServerTest, AFailingHandlerGives500AndTheServerGoesOn) {
  router.on(Method::kGet, "/throws", [](Call) -> Task<Result<Response>> {
    throw std::runtime_error("secret");
    co_return Response{};
  });
  router.on_stream(Method::kGet, "/silent",
                   [](IncomingRequest&, PathParams, ResponseWriter&) -> Task<void> { co_return; });
  router.on(Method::kGet, "/forged",
            [](Call) -> Task<Result<Response>> { co_return Response{.headers = {{"X", "a\nb"}}}; });
  serve();
  for (const char* path : {"/throws", "/silent", "/forged"}) {
    const auto answer = get(path);
    ASSERT_TRUE(answer.ok()) << path << answer.error();
    EXPECT_EQ(answer->status, 500) << path;
    EXPECT_THAT(answer->body, testing::Not(HasSubstr("secret")));
  }
  EXPECT_EQ(get("/hello").value().body, "hello");
  EXPECT_EQ(server->connections(), 1U);
}

TEST_F(ServerTest, AnErrorOfAnEndpointBecomesItsStatusAndDetail) {
  router.on(Method::kGet, "/missing", [](Call) -> Task<Result<Response>> { co_return not_found("no job \"x\xff\""); });
  serve();
  const auto answer = get("/missing");
  EXPECT_EQ(answer.value().status, 404);
  EXPECT_EQ(answer.value().body, "{\"detail\":\"no job \\\"x\xEF\xBF\xBD\\\"\"}");
}

TEST_F(ServerTest, APortInUseIsNamedWithTheRemedy) {
  serve();
  Server second(loop.executor(), {.port = server->port()}, router.handler());
  const auto started = second.start();
  EXPECT_EQ(started.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(started.error().message, AllOf(HasSubstr("port " + std::to_string(server->port()) + " is in use"),
                                             HasSubstr("choose another port")));
}

TEST_F(ServerTest, AnAddressThatIsNoneIsRefused) {
  Server nowhere(loop.executor(), {.address = "localhorst"}, router.handler());
  EXPECT_EQ(nowhere.start().error().code, ErrorCode::kInvalidArgument);
  Server elsewhere(loop.executor(), {.address = "192.0.2.1"}, router.handler());
  EXPECT_EQ(elsewhere.start().error().code, ErrorCode::kInvalidArgument);
}

constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

TEST_F(ServerTest, ConnectionsBeyondTheLimitAreTurnedAwayWhileAllHaveARequest) {
  std::promise<void> begun;
  std::stop_source stop;
  router.on(Method::kGet, "/hold", [&](Call) -> Task<Result<Response>> {
    begun.set_value();
    (void)co_await sleep_for(1h, Deadline::when_stopped(stop.get_token()));
    co_return text_response(200, "held");
  });
  serve({.max_connections = 1});
  RawSocket first = RawSocket::to(server->port());
  first.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  begun.get_future().wait();
  EXPECT_THAT(answer_to(kHello), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("Retry-After")));
  stop.request_stop();
  EXPECT_THAT(first.read_until("held"), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, AnIdleConnectionGivesWayToANewOne) {
  serve({.max_connections = 2});
  RawSocket silent = RawSocket::to(server->port());
  while (server->connections() < 1) std::this_thread::yield();
  RawSocket used = RawSocket::to(server->port());
  used.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(used.read_until("hello"), HasSubstr("200"));
  EXPECT_THAT(answer_to(kHello), StartsWith("HTTP/1.1 200"));
  EXPECT_TRUE(silent.wait_closed()) << "it was idle for longest";
  while (server->connections() > 1) std::this_thread::yield();
  used.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(used.read_until("hello"), HasSubstr("200"));
}

TEST_F(ServerTest, ManyIdleConnectionsKeepNobodyOut) {
  serve({.max_connections = 8});
  std::vector<RawSocket> idle;
  for (int i = 0; i < 40; ++i) idle.push_back(RawSocket::to(server->port()));
  EXPECT_THAT(answer_to(kHello), StartsWith("HTTP/1.1 200"));
  for (int i = 0; i < 32; ++i) EXPECT_TRUE(idle[static_cast<std::size_t>(i)].wait_closed()) << i;
}

TEST_F(ServerTest, AnAddressHasNoMoreConnectionsThanItMay) {
  serve({.max_connections_per_address = 1});
  RawSocket idle = RawSocket::to(server->port());
  EXPECT_THAT(answer_to(kHello), StartsWith("HTTP/1.1 200"));
  EXPECT_TRUE(idle.wait_closed());
}

TEST_F(ServerTest, WhoFindsTheListenerFullIsReset) {
  std::string asked;
  std::mutex mutex;
  serve({.is_full = [&](const std::string& address) {
    const std::lock_guard lock(mutex);
    asked = address;
    return true;
  }});
  RawSocket peer = RawSocket::to(server->port());
  EXPECT_TRUE(peer.wait_closed());
  const std::lock_guard lock(mutex);
  EXPECT_EQ(asked, "127.0.0.1");
}

TEST_F(ServerTest, ARequestTakesTheShareOfItsAddress) {
  router.on_stream(Method::kGet, "/sharer",
                   [](IncomingRequest& request, PathParams, ResponseWriter& out) -> Task<void> {
                     (void)co_await out.send(text_response(200, "[" + request.sharer + "]"), request.deadline);
                   });
  serve();
  EXPECT_EQ(get("/sharer").value().body, "[127.0.0.1]");
}

TEST_F(ServerTest, SixtyFourClientsAtOnceAreAllAnswered) {
  router.on(Method::kGet, "/n/{n}", [](Call call) -> Task<Result<Response>> {
    (void)co_await sleep_for(1ms, call.deadline);
    co_return text_response(200, call.params.at("n"));
  });
  serve();
  std::atomic<int> right = 0;
  loop.run(for_each_bounded(640, 64, Deadline::after(30s), [&](std::size_t i) -> Task<void> {
    const auto answer = co_await client.send({.target = url("/n/" + std::to_string(i))}, Deadline::after(10s));
    if (answer.ok() && answer->body == std::to_string(i)) ++right;
  }));
  EXPECT_EQ(right, 640);
  EXPECT_LE(client.idle_connections(), 32U);
}

}  // namespace
}  // namespace fw::net

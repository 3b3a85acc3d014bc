#include <latch>

#include "net/sse.h"
#include "net/tests/fixture.h"
#include "net/tests/raw_peer.h"

namespace fw::net {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// Servers and clients that stream.
class StreamTest : public NetTest {
 protected:
  /// Writes until a write fails; says why and how many bytes went before.
  void serve_flood(ServerOptions options = {}) {
    router.on_stream(Method::kGet, "/flood",
                     [this](IncomingRequest& request, PathParams, ResponseWriter& out) -> Task<void> {
                       (void)co_await out.start({.headers = {{"Content-Type", "text/plain"}}}, request.deadline);
                       while (true) {
                         const auto written = co_await out.write(std::string(16 * 1024, 'x'), request.deadline);
                         if (!written.ok()) {
                           flood_ended.set_value(written.error().code);
                           co_return;
                         }
                         flooded += 16 * 1024;
                       }
                     });
    serve(std::move(options));
  }
  /// Says when it runs, and what its deadline says once that has ended.
  void serve_waiting(ServerOptions options = {}) {
    router.on_stream(Method::kGet, "/wait",
                     [this](IncomingRequest& request, PathParams, ResponseWriter& out) -> Task<void> {
                       waiting.set_value();
                       const auto slept = co_await sleep_for(1h, request.deadline);
                       waited_for.set_value(slept.error().code);
                       (void)co_await out.send(text_response(503, "stopped"), Deadline::after(1s));
                     });
    serve(std::move(options));
  }

  /// A handler at `/held` that answers once it is let go.
  void serve_held(ServerOptions options) {
    router.on_stream(Method::kGet, "/held",
                     [this](IncomingRequest& request, PathParams, ResponseWriter& out) -> Task<void> {
                       waiting.set_value();
                       while (!is_let_go && (co_await sleep_for(5ms, request.deadline)).ok()) {
                       }
                       (void)co_await out.send(text_response(200, "held"), request.deadline);
                     });
    router.on(Method::kGet, "/", [](Call) -> Task<Result<Response>> { co_return text_response(200, "next"); });
    options.drain = 20s;
    serve(std::move(options));
  }

  std::promise<ErrorCode> flood_ended;
  std::atomic<std::size_t> flooded = 0;
  std::promise<void> waiting;
  std::promise<ErrorCode> waited_for;
  std::atomic<bool> is_let_go = false;
};

TEST_F(StreamTest, AHandlerThatWaitsNoticesThatItsClientHasGone) {
  serve_waiting({.half_close_grace = 10ms});
  RawSocket peer = RawSocket::to(server->port());
  peer.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  waiting.get_future().wait();
  peer.close();
  auto ended = waited_for.get_future();
  ASSERT_EQ(ended.wait_for(2s), std::future_status::ready);
  EXPECT_EQ(ended.get(), ErrorCode::kCancelled);
}

TEST_F(StreamTest, AlsoWhenMoreBytesFollowedTheRequest) {
  serve_waiting({.half_close_grace = 10ms});
  RawSocket peer = RawSocket::to(server->port());
  peer.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\nGET /wait HTTP/1.1\r\n");
  waiting.get_future().wait();
  peer.send("Host: x\r\n");
  peer.close();
  auto ended = waited_for.get_future();
  ASSERT_EQ(ended.wait_for(2s), std::future_status::ready);
  EXPECT_EQ(ended.get(), ErrorCode::kCancelled);
}

TEST_F(StreamTest, AHandlersTimeIsLimitedByTheServersOption) {
  serve_waiting({.request_timeout = 30ms});
  EXPECT_EQ(get("/wait").value().status, 503);
  EXPECT_EQ(waited_for.get_future().get(), ErrorCode::kDeadlineExceeded);
}

TEST_F(StreamTest, AWriteFailsWhenTheClientHasGone) {
  serve_flood();
  RawSocket peer = RawSocket::to(server->port());
  peer.send("GET /flood HTTP/1.1\r\nHost: x\r\n\r\n");
  peer.read_until("xxxx");
  peer.reset();
  auto ended = flood_ended.get_future();
  ASSERT_EQ(ended.wait_for(2s), std::future_status::ready);
  EXPECT_THAT(ended.get(), testing::AnyOf(ErrorCode::kUnavailable, ErrorCode::kCancelled));
}

TEST_F(StreamTest, ASlowClientHoldsTheHandlerBackAndTheWriteTimeoutEndsIt) {
  serve_flood({.write_timeout = 100ms});
  RawSocket peer = RawSocket::to(server->port());
  peer.send("GET /flood HTTP/1.1\r\nHost: x\r\n\r\n");
  auto ended = flood_ended.get_future();
  ASSERT_EQ(ended.wait_for(5s), std::future_status::ready);
  EXPECT_EQ(ended.get(), ErrorCode::kDeadlineExceeded);
  EXPECT_LT(flooded, std::size_t{64} << 20);
}

Task<Result<std::size_t>> count_bytes(Client& client, std::string url) {
  FW_CO_ASSIGN(auto stream, co_await client.open({.target = std::move(url)}, Deadline::after(5s)));
  std::size_t count = 0;
  while (true) {
    FW_CO_ASSIGN(const auto piece, co_await stream->next(Deadline::after(5s)));
    if (!piece) co_return count;
    count += piece->size();
  }
}

TEST_F(StreamTest, StoppingEndsStreamsThatRunAndTheClientSeesThatTheyAreNotWhole) {
  serve_flood();
  auto counted = boost::asio::co_spawn(
      loop.executor(),
      [](Client& c, std::string u) -> Task<bool> { co_return (co_await count_bytes(c, u)).ok(); }(client,
                                                                                                  url("/flood")),
      boost::asio::use_future);
  while (flooded < 1'000'000) std::this_thread::yield();
  EXPECT_LT(time_of([&] { server->stop_blocking(5s); }), 1000ms);
  EXPECT_FALSE(counted.get());
}

TEST_F(StreamTest, StoppingLetsAHandlerSayWhyItEnds) {
  serve_waiting();
  auto answered = boost::asio::co_spawn(
      loop.executor(),
      [](Client& c, std::string u) -> Task<int> {
        const auto answer = co_await c.send({.target = std::move(u)}, Deadline::after(5s));
        co_return answer.ok() ? answer->status : 0;
      }(client, url("/wait")),
      boost::asio::use_future);
  waiting.get_future().wait();
  EXPECT_LT(time_of([&] { server->stop_blocking(5s); }), 1000ms);
  EXPECT_EQ(answered.get(), 503);
}

TEST_F(StreamTest, DrainingLetsARunningAnswerEndBeforeItsDeadlineIsCancelled) {
  router.on_stream(Method::kGet, "/slow",
                   [this](IncomingRequest& request, PathParams, ResponseWriter& out) -> Task<void> {
                     waiting.set_value();
                     const auto slept = co_await sleep_for(200ms, request.deadline);
                     (void)co_await out.send(text_response(slept.ok() ? 200 : 503, "end"), request.deadline);
                   });
  ServerOptions options;
  options.drain = 20s;
  serve(options);
  RawSocket idle = RawSocket::to(server->port());
  RawSocket peer = RawSocket::to(server->port());
  peer.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  waiting.get_future().wait();
  EXPECT_LT(time_of([&] { server->stop_blocking(5s); }), 5000ms);
  EXPECT_THAT(peer.read_to_end(), AllOf(testing::StartsWith("HTTP/1.1 200"), HasSubstr("Connection: close")));
  EXPECT_TRUE(idle.wait_closed());
}

TEST_F(StreamTest, WhileOthersAreAnsweredARequestOnAKeptConnectionIsToldThatTheServerStops) {
  serve_held({});
  RawSocket kept = RawSocket::to(server->port());
  kept.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_THAT(kept.read_until("next"), testing::StartsWith("HTTP/1.1 200"));
  RawSocket unused = RawSocket::to(server->port());
  RawSocket held = RawSocket::to(server->port());
  held.send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
  waiting.get_future().wait();
  server->begin_stop(5s);
  kept.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(kept.read_to_end(),
              AllOf(testing::StartsWith("HTTP/1.1 503"), HasSubstr("Connection: close"), HasSubstr("stopping")));
  is_let_go = true;
  EXPECT_THAT(held.read_to_end(), AllOf(testing::StartsWith("HTTP/1.1 200"), HasSubstr("Connection: close")));
  EXPECT_TRUE(unused.wait_closed());
  EXPECT_LT(time_of([&] { server->stop_blocking(5s); }), 5000ms);
}

TEST_F(StreamTest, AServerSaysInItsOwnWordsThatItStops) {
  ServerOptions options;
  std::string seen;
  options.turn_away = [&seen](const IncomingRequest& request) -> std::optional<Response> {
    seen = std::string(to_string(request.method)) + ' ' + request.target;
    if (request.path() == "/cut") return std::nullopt;
    return text_response(503, "in its own words");
  };
  serve_held(std::move(options));
  RawSocket one = RawSocket::to(server->port());
  RawSocket other = RawSocket::to(server->port());
  RawSocket held = RawSocket::to(server->port());
  held.send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
  waiting.get_future().wait();
  server->begin_stop(5s);
  one.send("POST /one?q HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab");
  EXPECT_THAT(one.read_to_end(), AllOf(testing::StartsWith("HTTP/1.1 503"), testing::EndsWith("in its own words")));
  EXPECT_EQ(seen, "POST /one?q");
  other.send("GET /cut HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(other.read_to_end(), "");
  is_let_go = true;
}

TEST_F(StreamTest, AStreamWithoutAnEndHearsOfTheStopBeforeItsDrain) {
  router.on_stream(Method::kGet, "/events",
                   [this](IncomingRequest& request, PathParams, ResponseWriter& out) -> Task<void> {
                     (void)co_await out.start({}, request.deadline);
                     waiting.set_value();
                     (void)co_await sleep_for(1h, Deadline::when_stopped(request.stopping));
                     (void)co_await out.write("last", request.deadline);
                     (void)co_await out.finish(request.deadline);
                   });
  serve({.drain = 20s});
  RawSocket peer = RawSocket::to(server->port());
  peer.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  waiting.get_future().wait();
  std::string got;
  std::jthread reading([&] { got = peer.read_to_end(); });
  EXPECT_LT(time_of([&] { server->stop_blocking(5s); }), 5000ms);
  reading.join();
  EXPECT_THAT(got, HasSubstr("last\r\n0\r\n\r\n"));
}

TEST_F(StreamTest, AnAnswerThatEndsBeforeItsConnectionKnowsOfTheStopIsNotWaitedFor) {
  std::atomic<bool> is_stopping = false;
  std::latch answered(1);
  std::optional<std::stop_callback<std::function<void()>>> hold;
  router.on_stream(Method::kGet, "/events",
                   [&](IncomingRequest& request, PathParams, ResponseWriter& out) -> Task<void> {
                     // The stop is held up, where it is asked for, until the client has its answer.
                     hold.emplace(request.stopping, [&] {
                       is_stopping = true;
                       answered.wait();
                     });
                     waiting.set_value();
                     while (!is_stopping && (co_await sleep_for(1ms, request.deadline)).ok()) {
                     }
                     (void)co_await out.send(text_response(200, "last"), request.deadline);
                   });
  serve({.drain = 20s});
  RawSocket peer = RawSocket::to(server->port());
  peer.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  waiting.get_future().wait();
  std::jthread reading([&] {
    EXPECT_THAT(peer.read_until("last"), HasSubstr("200"));
    std::this_thread::sleep_for(50ms);  // the connection is behind its answer by now, idle
    answered.count_down();
  });
  EXPECT_LT(time_of([&] { server->stop_blocking(5s); }), 5000ms);
}

TEST_F(StreamTest, TheStopThatIsAskedForAgainDoesNotDrain) {
  serve_waiting({.drain = 1h});
  RawSocket peer = RawSocket::to(server->port());
  peer.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  waiting.get_future().wait();
  server->begin_stop(5s);
  server->begin_stop(5s);
  EXPECT_THAT(peer.read_to_end(), testing::StartsWith("HTTP/1.1 503"));
  server->stop_blocking(5s);
}

TEST_F(StreamTest, WhatRunsOnBeyondTheDrainIsCancelled) {
  serve_waiting({.drain = 100ms});
  RawSocket peer = RawSocket::to(server->port());
  peer.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  waiting.get_future().wait();
  EXPECT_LT(time_of([&] { server->stop_blocking(5s); }), 4000ms);
  EXPECT_THAT(peer.read_to_end(), testing::StartsWith("HTTP/1.1 503"));
}

TEST_F(StreamTest, StoppingDoesNotRefuseAnAnswerThatIsGivenUnderTheRequestsOwnDeadline) {
  router.on_stream(Method::kGet, "/own",
                   [this](IncomingRequest& request, PathParams, ResponseWriter& out) -> Task<void> {
                     waiting.set_value();
                     (void)co_await sleep_for(1h, request.deadline);
                     (void)co_await out.send(text_response(503, "stopped"), request.deadline);
                   });
  serve();
  RawSocket peer = RawSocket::to(server->port());
  peer.send("GET /own HTTP/1.1\r\nHost: x\r\n\r\n");
  waiting.get_future().wait();
  server->stop_blocking(5s);
  EXPECT_THAT(peer.read_to_end(), AllOf(testing::StartsWith("HTTP/1.1 503"), testing::EndsWith("stopped")));
}

TEST_F(StreamTest, StoppingEndsTheWaitForABodyAndStillAnswers) {
  router.on(Method::kPost, "/", [](Call) -> Task<Result<Response>> { co_return Response{}; });
  serve();
  RawSocket peer = RawSocket::to(server->port());
  peer.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_THAT(peer.read_until("\r\n\r\n"), HasSubstr("100 Continue"));
  server->stop_blocking(5s);
  EXPECT_THAT(peer.read_to_end(), AllOf(testing::StartsWith("HTTP/1.1 503"), HasSubstr("stopping")));
}

TEST_F(StreamTest, HeadOfAnEndlessStreamEndsWithItsHead) {
  std::promise<ErrorCode> ended;
  router.on_stream(Method::kGet, "/events",
                   [&](IncomingRequest& request, PathParams, ResponseWriter& out) -> Task<void> {
                     (void)co_await out.start({}, request.deadline);
                     ended.set_value((co_await sleep_for(1h, request.deadline)).error().code);
                   });
  router.on(Method::kGet, "/", [](Call) -> Task<Result<Response>> { co_return text_response(200, "next"); });
  serve();
  RawSocket peer = RawSocket::to(server->port());
  peer.send("HEAD /events HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(peer.read_until("\r\n\r\n"), testing::StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(ended.get_future().get(), ErrorCode::kCancelled);
  peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(peer.read_until("next"), testing::StartsWith("HTTP/1.1 200"));
}

TEST_F(StreamTest, AReaderThatIsSlowButReadsGetsAll) {
  constexpr std::size_t kBytes = std::size_t{24} << 20;
  router.on(Method::kGet, "/",
            [](Call) -> Task<Result<Response>> { co_return text_response(200, std::string(kBytes, 'x')); });
  serve({.write_timeout = 300ms});
  RawSocket peer = RawSocket::to(server->port());
  peer.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  std::size_t seen = 0;
  for (int i = 0; i < 160; ++i) {
    seen += peer.read_some(64 * 1024).size();
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_GT(seen + peer.read_to_end().size(), kBytes);
}

TEST_F(StreamTest, StoppingClosesIdleConnectionsAndRefusesNewOnes) {
  router.on(Method::kGet, "/", [](Call) -> Task<Result<Response>> { co_return Response{}; });
  serve();
  RawSocket idle = RawSocket::to(server->port());
  ASSERT_TRUE(get("/").ok());
  loop.run(server->stop(5s));
  EXPECT_TRUE(idle.wait_closed());
  EXPECT_EQ(server->connections(), 0U);
  EXPECT_EQ(get("/").error().code, ErrorCode::kUnavailable);
}

TEST_F(StreamTest, AfterTheGraceAHandlerThatOnlyWritesIsCutOff) {
  router.on_stream(Method::kGet, "/deaf", [this](IncomingRequest&, PathParams, ResponseWriter& out) -> Task<void> {
    (void)co_await out.start({}, Deadline::never());
    waiting.set_value();
    while ((co_await out.write(std::string(100'000, 'x'), Deadline::never())).ok()) {
    }
  });
  serve();
  RawSocket peer = RawSocket::to(server->port());
  peer.send("GET /deaf HTTP/1.1\r\nHost: x\r\n\r\n");
  waiting.get_future().wait();
  EXPECT_LT(time_of([&] { server->stop_blocking(50ms); }), 1000ms);
}

TEST_F(StreamTest, ADeclaredLengthIsKeptAndABrokenPromiseCutsTheConnection) {
  router.on_stream(Method::kGet, "/exact", [](IncomingRequest& r, PathParams, ResponseWriter& out) -> Task<void> {
    (void)co_await out.start({.headers = {{"Content-Length", "4"}}}, r.deadline);
    (void)co_await out.write("ab", r.deadline);
    EXPECT_EQ((co_await out.write("toolong", r.deadline)).error().code, ErrorCode::kInternal);
    (void)co_await out.write("cd", r.deadline);
    EXPECT_TRUE((co_await out.finish(r.deadline)).ok());
  });
  router.on_stream(Method::kGet, "/short", [](IncomingRequest& r, PathParams, ResponseWriter& out) -> Task<void> {
    (void)co_await out.start({.headers = {{"Content-Length", "4"}}}, r.deadline);
    (void)co_await out.write("ab", r.deadline);
    EXPECT_FALSE((co_await out.finish(r.deadline)).ok());
  });
  serve();
  EXPECT_EQ(get("/exact").value().body, "abcd");
  EXPECT_EQ(get("/short").error().code, ErrorCode::kDataLoss);
}

/// A body of `pieces` pieces whose bytes tell where they stand.
class CountingBody final : public BodyReader {
 public:
  explicit CountingBody(int pieces) : pieces_(pieces) {}
  Task<Result<std::optional<std::string>>> next(Deadline) override {
    if (at_ == pieces_) co_return std::optional<std::string>();
    co_return std::optional<std::string>("piece " + std::to_string(at_++) + std::string(10'000, '.'));
  }
  [[nodiscard]] std::string whole() const {
    std::string all;
    for (int i = 0; i < pieces_; ++i) all += "piece " + std::to_string(i) + std::string(10'000, '.');
    return all;
  }

 private:
  int pieces_;
  int at_ = 0;
};

Task<Status> read_into(std::string& all, ResponseStream& answer, Deadline deadline) {
  FW_CO_ASSIGN(all, co_await read_all(answer, SIZE_MAX, deadline));
  co_return Status{};
}

Task<Result<std::string>> upload(Client& client, std::string url, BodyReader& body, Headers headers) {
  Request request{.method = Method::kPost, .target = std::move(url), .headers = std::move(headers)};
  std::string all;
  const AnswerReader keep = [&all](ResponseStream& answer, Deadline deadline) {
    return read_into(all, answer, deadline);
  };
  FW_CO_TRY(co_await client.exchange(std::move(request), body, keep, Deadline::after(5s)));
  co_return all;
}

/// Relays an answer.
struct PassOn {
  ResponseWriter& out;
  Task<Status> operator()(ResponseStream& answer, Deadline deadline) const { return pass_on(out, answer, deadline); }
  static Task<Status> pass_on(ResponseWriter& out, ResponseStream& answer, Deadline deadline) {
    FW_CO_TRY(co_await out.start(answer.head(), deadline));
    while (true) {
      FW_CO_ASSIGN(auto piece, co_await answer.next(deadline));
      if (!piece) co_return co_await out.finish(deadline);
      FW_CO_TRY(co_await out.write(std::move(*piece), deadline));
    }
  }
};

TEST_F(StreamTest, BodiesFlowThroughARelayBothWays) {
  router.on_stream(Method::kPost, "/back", [](IncomingRequest& r, PathParams, ResponseWriter& out) -> Task<void> {
    (void)co_await out.start({}, r.deadline);
    while (true) {
      auto piece = co_await r.body->next(r.deadline);
      if (!piece.ok() || !*piece) break;
      (void)co_await out.write(std::move(**piece), r.deadline);
    }
    (void)co_await out.finish(r.deadline);
  });
  router.on_stream(Method::kPost, "/relay", [this](IncomingRequest& r, PathParams, ResponseWriter& out) -> Task<void> {
    Request request{.method = Method::kPost, .target = url("/back")};
    (void)co_await client.exchange(std::move(request), *r.body, PassOn{out}, r.deadline);
  });
  serve();
  // Far more than sockets hold: nobody gets on who waits for the other side to be done.
  CountingBody chunked(1000);
  EXPECT_EQ(loop.run(upload(client, url("/relay"), chunked, {})).value(), chunked.whole());
  CountingBody counted(1000);
  const Headers length{{"Content-Length", std::to_string(counted.whole().size())}};
  EXPECT_EQ(loop.run(upload(client, url("/relay"), counted, length)).value(), counted.whole());
}

TEST_F(StreamTest, ASourceThatPromisesAnotherLengthIsRefusedOnTheClient) {
  router.on(Method::kPost, "/", [](Call) -> Task<Result<Response>> { co_return Response{}; });
  serve();
  for (const char* length : {"5", "500000"}) {
    CountingBody body(1);
    EXPECT_EQ(loop.run(upload(client, url("/"), body, {{"Content-Length", length}})).error().code,
              ErrorCode::kInvalidArgument);
  }
}

Task<Result<std::vector<SseEvent>>> read_events(Client& client, std::string url) {
  FW_CO_ASSIGN(auto stream, co_await client.open({.target = std::move(url)}, Deadline::after(5s)));
  EXPECT_EQ(stream->head().headers.find("content-type"), "text/event-stream");
  SseReader reader;
  std::vector<SseEvent> all;
  while (true) {
    FW_CO_ASSIGN(const auto piece, co_await stream->next(Deadline::after(5s)));
    if (!piece) co_return all;
    FW_CO_ASSIGN(auto events, reader.push(*piece));
    for (auto& event : events) all.push_back(std::move(event));
  }
}

TEST_F(StreamTest, EventsArriveAsTheyWereSent) {
  router.on_stream(Method::kGet, "/events", [](IncomingRequest& r, PathParams, ResponseWriter& out) -> Task<void> {
    SseWriter events(out);
    (void)co_await events.start(r.deadline);
    SseEvent first{"stage", "line one\nline two", "1"};
    (void)co_await events.send(std::move(first), r.deadline);
    (void)co_await events.heartbeat(r.deadline);
    SseEvent second{"", "[DONE]", ""};
    (void)co_await events.send(std::move(second), r.deadline);
    (void)co_await events.finish(r.deadline);
  });
  serve();
  EXPECT_THAT(loop.run(read_events(client, url("/events"))).value(),
              ElementsAre(SseEvent{"stage", "line one\nline two", "1"}, SseEvent{"", "[DONE]", "1"}));
}

}  // namespace
}  // namespace fw::net

#include "async/run_blocking.h"
#include "net/tests/fixture.h"
#include "net/tests/raw_peer.h"

namespace fw::net {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// A client against an upstream that says what the test wants.
class ClientTest : public testing::Test {
 protected:
  Result<Response> get(const std::string& url, Deadline deadline = Deadline::after(5s)) {
    return loop.run(client.send({.target = url}, std::move(deadline)));
  }
  Result<Response> send(Request request) { return loop.run(client.send(std::move(request), Deadline::after(5s))); }
  /// What a client makes of one answer.
  Result<Response> get_of(std::string answer) {
    RawUpstream upstream([&](RawSocket& peer, int) {
      peer.read_until("\r\n\r\n");
      peer.send(answer);
    });
    return get(upstream.url());
  }

  Loop loop;
  // However late the peer of a test gets its turn, its hanging up counts as one at once.
  Client client{loop.executor(), {.max_header_bytes = 4096, .max_body_bytes = 100'000, .stale_within = 1min}};
};

TEST_F(ClientTest, SendsHostLengthAndBody) {
  std::string seen;
  RawUpstream upstream([&](RawSocket& peer, int) {
    seen = peer.read_until("}");
    peer.send("HTTP/1.1 204 No Content\r\n\r\n");
  });
  const auto answer = send(json_request(Method::kPost, upstream.url("/v1/x?y=1"), "{}"));
  EXPECT_EQ(answer.value().status, 204);
  EXPECT_THAT(seen, AllOf(testing::StartsWith("POST /v1/x?y=1 HTTP/1.1\r\n"),
                          HasSubstr("Host: 127.0.0.1:" + std::to_string(upstream.port()) + "\r\n"),
                          HasSubstr("Content-Length: 2\r\n"), testing::EndsWith("\r\n\r\n{}")));
}

TEST_F(ClientTest, AKeptConnectionServesAnotherLoopWhenTheFirstIsGone) {
  RawUpstream upstream([&](RawSocket& peer, int) {
    for (int i = 0; i < 3; ++i) {
      peer.read_until("\r\n\r\n");
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
    }
  });
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(run_blocking(client.send({.target = upstream.url()}, Deadline::after(5s))).value().body, "1");
  EXPECT_EQ(client.idle_connections(), 1U);
}

TEST_F(ClientTest, ReadsEveryFramingOfABody) {
  EXPECT_EQ(get_of("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc").value().body, "abc");
  EXPECT_EQ(get_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: 1\r\n\r\n")
                .value()
                .body,
            "abc");
  EXPECT_EQ(get_of("HTTP/1.0 200 OK\r\n\r\nabc").value().body, "abc");
}

TEST_F(ClientTest, FieldsThatConnectionNamesAreNotPassedOn) {
  std::string seen;
  RawUpstream upstream([&](RawSocket& peer, int) {
    seen = peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 204 No Content\r\n\r\n");
  });
  ASSERT_TRUE(send({.method = Method::kPost,
                    .target = upstream.url(),
                    .headers = {{"Connection", "close, X-Hop"}, {"x-hop", "secret"}, {"X-Kept", "1"}}})
                  .ok());
  EXPECT_THAT(seen, AllOf(HasSubstr("X-Kept: 1"), testing::Not(HasSubstr("secret"))));
}

TEST_F(ClientTest, AnAnswerPackedInAnotherTransferEncodingIsDataLoss) {
  EXPECT_EQ(get_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n").error().code,
            ErrorCode::kDataLoss);
}

TEST_F(ClientTest, SkipsInterimAnswers) {
  EXPECT_EQ(
      get_of("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").value().body,
      "ok");
}

TEST_F(ClientTest, HeadHasNoBodyWhateverItsLengthSays) {
  RawUpstream upstream([](RawSocket& peer, int) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\n");
  });
  const auto answer = send({.method = Method::kHead, .target = upstream.url()});
  EXPECT_EQ(answer.value().body, "");
  EXPECT_EQ(answer.value().headers.find("content-length"), "700");
}

TEST_F(ClientTest, ABodyCutShortIsDataLossAndNamesTheHost) {
  for (const char* answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "HTTP/1.1 200 OK\r\nConte"}) {
    const auto cut = get_of(answer);
    ASSERT_FALSE(cut.ok()) << answer;
    EXPECT_EQ(cut.error().code, ErrorCode::kDataLoss);
    EXPECT_THAT(cut.error().message, HasSubstr("http://127.0.0.1:"));
  }
}

TEST_F(ClientTest, WhatIsNotHttpIsDataLoss) {
  EXPECT_EQ(get_of("<html><body>It works!</body></html>").error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(get_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(get_of("HTTP/1.1 101 Switching Protocols\r\n\r\n").error().code, ErrorCode::kDataLoss);
}

TEST_F(ClientTest, HtmlWithAStatusIsAnAnswerWhoseErrorQuotesIt) {
  const auto answer = get_of("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 17\r\n\r\n<h1>upstream</h1>");
  const Error error = status_error("the judge", answer.value());
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(error.message, "the judge answered 502 Bad Gateway: <h1>upstream</h1>");
}

TEST_F(ClientTest, OversizedHeadsAndBodiesAreTooLarge) {
  EXPECT_EQ(get_of("HTTP/1.1 200 OK\r\nX: " + std::string(8000, 'x') + "\r\n\r\n").error().code, ErrorCode::kTooLarge);
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 3000; ++i) many += "A: \r\n";
  EXPECT_EQ(get_of(many + "\r\n").error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(get_of("HTTP/1.1 200 OK\r\n\r\n" + std::string(100'001, 'x')).error().code, ErrorCode::kTooLarge);
}

TEST_F(ClientTest, ARefusedConnectionSaysWhoRefusedAndWhatToLookAt) {
  std::uint16_t port = 0;
  {
    port = RawUpstream([](RawSocket&, int) {}).port();
  }
  const auto refused = get("http://127.0.0.1:" + std::to_string(port));
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("http://127.0.0.1:" + std::to_string(port)), HasSubstr("running")));
}

TEST_F(ClientTest, AHostThatDoesNotExistIsUnavailable) {
  EXPECT_EQ(get("http://no-such-host.invalid/").error().code, ErrorCode::kUnavailable);
}

TEST_F(ClientTest, ACloseWithoutAnAnswerAndAResetAreUnavailable) {
  RawUpstream closes([](RawSocket& peer, int) { peer.read_until("\r\n\r\n"); });
  EXPECT_EQ(get(closes.url()).error().code, ErrorCode::kUnavailable);
  RawUpstream resets([](RawSocket& peer, int) {
    peer.read_until("\r\n\r\n");
    peer.reset();
  });
  EXPECT_EQ(get(resets.url()).error().code, ErrorCode::kUnavailable);
}

TEST_F(ClientTest, ALongRequestAndALongAnswerDoNotWaitForEachOther) {
  // Far more than sockets hold, answered before any of it is read.
  const std::string long_text(std::size_t{16} << 20, 'x');
  std::size_t received = 0;
  RawUpstream upstream([&](RawSocket& peer, int) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(long_text.size()) + "\r\n\r\n");
    peer.send(long_text);
    received = peer.read_until("end").size();
  });
  Client patient(loop.executor());
  const auto answer = loop.run(patient.send(
      {.method = Method::kPost, .target = upstream.url(), .body = long_text + "end"}, Deadline::after(10s)));
  EXPECT_EQ(answer.value().body.size(), long_text.size());
}

TEST_F(ClientTest, AStalledAnswerEndsWithTheDeadline) {
  RawUpstream upstream([](RawSocket& peer, int) { peer.wait_closed(); });
  const auto stalled = get(upstream.url(), Deadline::after(30ms));
  EXPECT_EQ(stalled.error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(ClientTest, AStalledBodyEndsWithTheReadTimeout) {
  RawUpstream upstream([](RawSocket& peer, int) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    peer.wait_closed();
  });
  Client impatient(loop.executor(), {.read_timeout = 30ms});
  const auto stalled = loop.run(impatient.send({.target = upstream.url()}, Deadline::after(5s)));
  EXPECT_EQ(stalled.error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(ClientTest, AStopFromAnotherThreadEndsTheWaitForAnAnswerAtOnce) {
  std::promise<void> asked;
  RawUpstream upstream([&](RawSocket& peer, int) {
    peer.read_until("\r\n\r\n");
    asked.set_value();
    peer.wait_closed();
  });
  std::stop_source stop;
  std::chrono::steady_clock::time_point stopped_at;
  std::jthread other([&] {
    asked.get_future().wait();
    stopped_at = std::chrono::steady_clock::now();
    stop.request_stop();
  });
  const auto cancelled = get(upstream.url(), Deadline::when_stopped(stop.get_token()));
  const auto after = std::chrono::steady_clock::now();
  other.join();
  EXPECT_EQ(cancelled.error().code, ErrorCode::kCancelled);
  EXPECT_LT(after - stopped_at, 100ms);
}

TEST_F(ClientTest, AConnectThatHangsEndsWithItsTimeoutOrAStop) {
  DeafListener deaf;
  Client impatient(loop.executor(), {.connect_timeout = 30ms});
  EXPECT_EQ(loop.run(impatient.send({.target = deaf.url()}, Deadline::after(5s))).error().code,
            ErrorCode::kDeadlineExceeded);
  std::stop_source stop;
  std::jthread other([&] {
    std::this_thread::sleep_for(20ms);
    stop.request_stop();
  });
  Result<Response> cancelled = Response{};
  EXPECT_LT(time_of([&] { cancelled = get(deaf.url(), Deadline::when_stopped(stop.get_token())); }), 120ms);
  EXPECT_EQ(cancelled.error().code, ErrorCode::kCancelled);
}

TEST_F(ClientTest, ARequestWithAStoppedTokenIsNotSent) {
  int connections = 0;
  RawUpstream upstream([&](RawSocket&, int) { ++connections; });
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(get(upstream.url(), Deadline::when_stopped(stop.get_token())).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(connections, 0);
}

Task<Result<std::string>> first_piece_then_stop(Client& client, std::string url, std::stop_source stop) {
  FW_CO_ASSIGN(auto stream, co_await client.open({.target = url}, Deadline::after(5s)));
  FW_CO_ASSIGN(const auto piece, co_await stream->next(Deadline::after(5s)));
  EXPECT_EQ(piece, "first");
  std::jthread other([stop]() mutable { stop.request_stop(); });
  FW_CO_ASSIGN(const auto second, co_await stream->next(Deadline::when_stopped(stop.get_token())));
  co_return second.value_or("end");
}

TEST_F(ClientTest, PiecesArriveAsTheyAreSentAndAStopEndsTheStream) {
  RawUpstream upstream([](RawSocket& peer, int) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
    EXPECT_TRUE(peer.wait_closed());
  });
  EXPECT_EQ(loop.run(first_piece_then_stop(client, upstream.url(), {})).error().code, ErrorCode::kCancelled);
}

Task<Result<std::string>> pieces_until_the_error(Client& client, std::string url, std::string* came) {
  FW_CO_ASSIGN(auto stream, co_await client.open({.target = url}, Deadline::after(5s)));
  EXPECT_EQ(stream->take_if_whole(), std::nullopt);
  while (true) {
    FW_CO_ASSIGN(const auto piece, co_await stream->next(Deadline::after(5s)));
    if (!piece) co_return "end";
    *came += *piece;
  }
}

TEST_F(ClientTest, WhatCameBeforeAMalformedChunkIsHandedOut) {
  RawUpstream upstream([](RawSocket& peer, int) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n6\r\nsecond\r\nzz\r\n");
  });
  std::string came;
  EXPECT_EQ(loop.run(pieces_until_the_error(client, upstream.url(), &came)).error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(came, "firstsecond");
}

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Answers once per connection; the second request on a connection finds it closed after it was sent.
void answer_once_then_hang_up(RawSocket& peer, int) {
  peer.read_until("\r\n\r\n");
  peer.send(kOk);
  peer.read_until("\r\n\r\n");
}

TEST_F(ClientTest, AnIdempotentRequestOnAStaleConnectionIsSentAgain) {
  RawUpstream upstream(answer_once_then_hang_up);
  EXPECT_EQ(get(upstream.url()).value().body, "ok");
  EXPECT_EQ(client.idle_connections(), 1U);
  EXPECT_EQ(get(upstream.url()).value().body, "ok");
}

TEST_F(ClientTest, APostOnAStaleConnectionIsNotSentTwiceUnlessItHasAnIdempotencyKey) {
  RawUpstream upstream(answer_once_then_hang_up);
  EXPECT_EQ(get(upstream.url()).value().body, "ok");
  EXPECT_EQ(send({.method = Method::kPost, .target = upstream.url()}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(get(upstream.url()).value().body, "ok");
  EXPECT_EQ(
      send({.method = Method::kPost, .target = upstream.url(), .headers = {{"Idempotency-Key", "1"}}}).value().body,
      "ok");
}

TEST_F(ClientTest, ARequestThatTheServerWorkedOnBeforeItHungUpIsNotSentAgain) {
  int requests = 0;
  RawUpstream upstream([&](RawSocket& peer, int) {
    peer.read_until("\r\n\r\n");
    peer.send(kOk);
    peer.read_until("\r\n\r\n");
    ++requests;
    std::this_thread::sleep_for(300ms);
  });
  Client usual(loop.executor());
  EXPECT_EQ(loop.run(usual.send({.target = upstream.url()}, Deadline::after(5s))).value().body, "ok");
  const auto stream = loop.run(usual.open({.method = Method::kPost, .target = upstream.url(), .body = "{}"},
                                          Deadline::after(5s), {.may_repeat = true}));
  EXPECT_EQ(stream.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(requests, 1);
}

TEST_F(ClientTest, ARequestThatMayBeRepeatedIsSentAgainOnAStaleConnection) {
  RawUpstream upstream(answer_once_then_hang_up);
  EXPECT_EQ(get(upstream.url()).value().body, "ok");
  const auto stream = loop.run(client.open({.method = Method::kPost, .target = upstream.url(), .body = "{}"},
                                           Deadline::after(5s), {.may_repeat = true}));
  ASSERT_TRUE(stream.ok()) << stream.error();
  EXPECT_EQ((*stream)->head().status, 200);
}

TEST_F(ClientTest, AConnectionThatWasClosedWhileIdleIsNotUsed) {
  std::promise<void> closed;
  RawUpstream upstream([&](RawSocket& peer, int number) {
    peer.read_until("\r\n\r\n");
    peer.send(kOk);
    peer.close();
    if (number == 0) closed.set_value();
  });
  EXPECT_EQ(get(upstream.url()).value().body, "ok");
  closed.get_future().wait();
  EXPECT_EQ(send({.method = Method::kPost, .target = upstream.url()}).value().body, "ok");
}

TEST_F(ClientTest, AnAnswerWithBytesBehindItIsNotKept) {
  EXPECT_EQ(get_of(std::string(kOk) + "HTTP/1.1 200 OK\r\n").value().body, "ok");
  EXPECT_EQ(client.idle_connections(), 0U);
}

TEST_F(ClientTest, HeadersThatWouldForgeOthersAreRefused) {
  const auto bad_value = send({.target = "http://127.0.0.1:1/", .headers = {{"X", "a\r\nEvil: 1"}}});
  EXPECT_EQ(bad_value.error().code, ErrorCode::kInvalidArgument);
  const auto bad_name = send({.target = "http://127.0.0.1:1/", .headers = {{"X: y\r\nEvil", "a"}}});
  EXPECT_EQ(bad_name.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace fw::net

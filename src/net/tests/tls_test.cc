#include "net/tests/certificate.h"
#include "net/tests/fixture.h"
#include "net/tests/raw_peer.h"

namespace fw::net {
namespace {

using testing::HasSubstr;

class TlsTest : public NetTest {
 protected:
  void SetUp() override {
    router.on(Method::kPost, "/echo",
              [](Call call) -> Task<Result<Response>> { co_return text_response(200, call.request.body); });
  }
  void serve_with(const TestCertificate& certificate) {
    serve({.tls = ServerTls{certificate.certificate(), certificate.key()}, .header_timeout = 200ms});
  }
  Result<Response> post_trusting(const std::filesystem::path& authority, std::string url, std::string body = "hello") {
    Client trusting(loop.executor(), {.tls = {.certificate_authorities = authority}});
    return loop.run(trusting.send({.method = Method::kPost, .target = std::move(url), .body = std::move(body)},
                                  Deadline::after(5s)));
  }

  TestCertificate here{"IP:127.0.0.1,DNS:localhost"};
};

TEST_F(TlsTest, ARequestGoesThereAndBack) {
  serve_with(here);
  EXPECT_THAT(url("/"), testing::StartsWith("https://127.0.0.1:"));
  const std::string large(1'000'000, 'x');
  const auto answer = post_trusting(here.certificate(), url("/echo"), large);
  ASSERT_TRUE(answer.ok()) << answer.error();
  EXPECT_EQ(answer->body, large);
}

Task<void> echo_as_it_comes(IncomingRequest& request, ResponseWriter& out) {
  (void)co_await out.start({}, request.deadline);
  while (true) {
    auto piece = co_await request.body->next(request.deadline);
    if (!piece.ok() || !*piece || !(co_await out.write(std::move(**piece), request.deadline)).ok()) break;
  }
  (void)co_await out.finish(request.deadline);
}

Task<Status> read_into(std::string& all, ResponseStream& answer, Deadline deadline) {
  FW_CO_ASSIGN(all, co_await read_all(answer, SIZE_MAX, deadline));
  co_return Status{};
}

TEST_F(TlsTest, BothWaysAtOnceKeepTheirBytes) {
  router.on_stream(Method::kPost, "/back", [](IncomingRequest& request, PathParams, ResponseWriter& out) {
    return echo_as_it_comes(request, out);
  });
  serve_with(here);
  Client trusting(loop.executor(), {.tls = {.certificate_authorities = here.certificate()}});
  std::string text;
  for (int i = 0; i < 400'000; ++i) text += std::to_string(i);
  StringBody body(text);
  std::string back;
  const AnswerReader read = [&back](ResponseStream& answer, Deadline d) { return read_into(back, answer, d); };
  const auto done =
      loop.run(trusting.exchange({.method = Method::kPost, .target = url("/back")}, body, read, Deadline::after(10s)));
  EXPECT_TRUE(done.ok()) << done.error();
  EXPECT_EQ(back, text);
}

TEST_F(TlsTest, AHostNameIsVerifiedToo) {
  serve_with(here);
  const std::string port = std::to_string(server->port());
  EXPECT_EQ(post_trusting(here.certificate(), "https://localhost:" + port + "/echo").value().body, "hello");
}

TEST_F(TlsTest, ConnectionsAreReused) {
  serve_with(here);
  Client trusting(loop.executor(), {.tls = {.certificate_authorities = here.certificate()}});
  for (int i = 0; i < 20; ++i) {
    const auto answer =
        loop.run(trusting.send({.method = Method::kPost, .target = url("/echo"), .body = "x"}, Deadline::after(5s)));
    ASSERT_TRUE(answer.ok()) << answer.error();
  }
  EXPECT_EQ(server->connections(), 1U);
}

TEST_F(TlsTest, AnAuthorityThatIsNotTrustedIsRefusedWithTheRemedy) {
  serve_with(here);
  const TestCertificate other("IP:127.0.0.1");
  for (const auto& answer : {post_trusting(other.certificate(), url("/echo")), post("/echo", "x")}) {
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(answer.error().message, testing::AllOf(HasSubstr("certificate"), HasSubstr("trusted")));
  }
}

TEST_F(TlsTest, ACertificateOfAnotherHostIsRefused) {
  const TestCertificate elsewhere("IP:127.0.0.2,DNS:example.com");
  serve_with(elsewhere);
  EXPECT_EQ(post_trusting(elsewhere.certificate(), url("/echo")).error().code, ErrorCode::kUnavailable);
}

TEST_F(TlsTest, VerificationIsLeftOutOnlyWhenAskedFor) {
  const TestCertificate elsewhere("DNS:example.com");
  serve_with(elsewhere);
  Client reckless(loop.executor(), {.tls = {.insecure_skip_verification = true}});
  EXPECT_EQ(loop.run(reckless.send({.method = Method::kPost, .target = url("/echo"), .body = "x"}, Deadline::after(5s)))
                .value()
                .body,
            "x");
}

TEST_F(TlsTest, FilesThatCannotBeUsedAreNamed) {
  Server without_key(loop.executor(), {.tls = ServerTls{here.certificate(), here.certificate()}}, router.handler());
  EXPECT_THAT(without_key.start().error().message, HasSubstr("private key " + here.certificate().string()));
  EXPECT_THAT(post_trusting("/nowhere.pem", "https://127.0.0.1:1/").error().message, HasSubstr("/nowhere.pem"));
}

TEST_F(TlsTest, PlainBytesAndSilenceOnATlsPortAreHungUpOn) {
  serve_with(here);
  RawSocket plain = RawSocket::to(server->port());
  plain.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(plain.wait_closed());
  RawSocket silent = RawSocket::to(server->port());
  EXPECT_TRUE(silent.wait_closed());
}

Task<void> open_and_drop(Client& client, std::string url) {
  const auto stream = co_await client.open({.target = std::move(url)}, Deadline::after(5s));
  EXPECT_TRUE(stream.ok());
}

TEST_F(TlsTest, AHandlerNoticesThatItsClientHasGone) {
  std::promise<ErrorCode> ended;
  router.on_stream(Method::kGet, "/wait", [&](IncomingRequest& request, PathParams, ResponseWriter& out) -> Task<void> {
    (void)co_await out.start({}, request.deadline);
    ended.set_value((co_await sleep_for(1h, request.deadline)).error().code);
  });
  serve_with(here);
  Client trusting(loop.executor(), {.tls = {.certificate_authorities = here.certificate()}});
  loop.run(open_and_drop(trusting, url("/wait")));
  auto seen = ended.get_future();
  ASSERT_EQ(seen.wait_for(2s), std::future_status::ready);
  EXPECT_EQ(seen.get(), ErrorCode::kCancelled);
}

}  // namespace
}  // namespace fw::net

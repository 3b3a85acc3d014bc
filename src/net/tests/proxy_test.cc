#include "net/proxy.h"

#include <map>

#include "net/access_log.h"
#include "net/tests/fixture.h"

namespace fw::net {
namespace {

std::optional<Proxy> found(const std::string& url, std::map<std::string, std::string> variables) {
  const auto proxy = proxy_for(parse_url(url).value(), [&](const std::string& name) { return variables[name]; });
  EXPECT_TRUE(proxy.ok()) << proxy.error();
  return proxy.value();
}

TEST(Proxy, IsReadWithAndWithoutUser) {
  EXPECT_EQ(parse_proxy("http://proxy.local:8080").value(), (Proxy{"proxy.local", 8080, ""}));
  EXPECT_EQ(parse_proxy("proxy.local").value().port, 3128);
  EXPECT_EQ(parse_proxy("http://us%40er:pa:ss@p:1").value(), (Proxy{"p", 1, "Basic dXNAZXI6cGE6c3M="}));
  EXPECT_FALSE(parse_proxy("socks5://p:1").ok());
  const auto wrong = parse_proxy("http://user:secret@bad host:1");
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message, testing::Not(testing::HasSubstr("secret")));
}

TEST(Proxy, IsChosenByTheSchemeAndTheExceptions) {
  const std::map<std::string, std::string> both{{"https_proxy", "http://s:1"}, {"http_proxy", "http://h:2"}};
  EXPECT_EQ(found("https://api.example.com/v1", both)->host, "s");
  EXPECT_EQ(found("http://api.example.com/v1", both)->host, "h");
  EXPECT_FALSE(found("http://127.0.0.1:8080/v1", both));
  EXPECT_EQ(found("https://a.b", {{"ALL_PROXY", "x:1"}})->host, "x");
  auto excepted = both;
  excepted["no_proxy"] = "other.org, .example.com";
  EXPECT_FALSE(found("https://api.example.com", excepted));
  EXPECT_FALSE(found("https://example.com", excepted));
  EXPECT_TRUE(found("https://notexample.com", excepted));
  excepted["no_proxy"] = "*";
  EXPECT_FALSE(found("https://anything.org", excepted));
}

class ProxyTest : public NetTest {};

TEST_F(ProxyTest, PlainRequestsNameTheirWholeUrlAndTheUser) {
  router.otherwise([](IncomingRequest& in, ResponseWriter& out) -> Task<void> {
    const std::string said(in.headers.find("Proxy-Authorization").value_or("none"));
    const std::string host(in.headers.find("Host").value_or("none"));
    (void)co_await out.send(text_response(200, host + in.target + " " + said), in.deadline);
  });
  serve();
  ClientOptions options;
  options.proxy = Proxy{"127.0.0.1", server->port(), "Basic eHg="};
  Client through(loop.executor(), options);
  const auto answer = loop.run(through.send({.target = "http://api.example.com/v1/models"}, Deadline::after(5s)));
  ASSERT_TRUE(answer.ok()) << answer.error();
  EXPECT_EQ(answer->body, "api.example.com/v1/models Basic eHg=");
}

TEST_F(ProxyTest, ARefusedTunnelNamesTheProxy) {
  serve();  // it knows no CONNECT
  ClientOptions options;
  options.proxy = Proxy{"127.0.0.1", server->port(), ""};
  Client through(loop.executor(), options);
  const auto answer = loop.run(through.send({.target = "https://api.example.com/"}, Deadline::after(5s)));
  ASSERT_FALSE(answer.ok());
  EXPECT_THAT(answer.error().message, testing::HasSubstr("the proxy 127.0.0.1 answered 501"));
}

TEST(AccessLog, TakesItsShareEvenly) {
  AccessLog tenth("test", 0.1);
  int taken = 0;
  for (int i = 0; i < 1000; ++i) taken += tenth.takes_next() ? 1 : 0;
  EXPECT_EQ(taken, 100);
  EXPECT_FALSE(AccessLog("none", 0).takes_next());
  EXPECT_TRUE(AccessLog("all", 1).takes_next());
}

}  // namespace
}  // namespace fw::net

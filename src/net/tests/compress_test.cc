#include "net/compress.h"

#include "codec/unpack.h"
#include "net/tests/fixture.h"

namespace fw::net {
namespace {

Headers asked(std::string value) { return {{"Accept-Encoding", std::move(value)}}; }

TEST(TakesGzip, AsTheClientSays) {
  for (const char* yes : {"gzip", "GZIP", "deflate, gzip;q=0.5", "br;q=1, *", "identity;q=0, gzip ; q=0.1"}) {
    EXPECT_TRUE(takes_gzip(asked(yes))) << yes;
  }
  for (const char* no : {"", "identity", "gzip;q=0", "gzip; q=0.000, *", "*;q=0", "gzipped", "br"}) {
    EXPECT_FALSE(takes_gzip(asked(no))) << no;
  }
  EXPECT_FALSE(takes_gzip({}));
}

class CompressTest : public testing::Test {
 protected:
  Response sent(std::string type, std::string body, bool takes_gzip = true, Headers more = {}) {
    Response response{.status = 200, .headers = std::move(more), .body = std::move(body)};
    response.headers.set("Content-Type", std::move(type));
    return loop_.run(compressed(std::move(response), takes_gzip, pool_));
  }
  static std::string unpacked(std::string_view bytes) {
    codec::StringSource compressed(bytes);
    const auto source = codec::unpack(codec::Packing::kGzip, compressed);
    std::string out, into(1 << 16, '\0');
    for (auto count = source->read(into); count.value() > 0; count = source->read(into)) out.append(into, 0, *count);
    return out;
  }

  Loop loop_{1};
  Pool pool_{"packing", 1};
};

TEST_F(CompressTest, TextsGoOutSmallerWhereTheClientTakesThat) {
  for (const std::size_t size : {2'000U, 1'000'000U}) {
    const std::string text = '"' + std::string(size, 'x') + '"';
    const auto packed = sent("application/json", text);
    EXPECT_EQ(packed.headers.find("Content-Encoding"), "gzip");
    EXPECT_EQ(packed.headers.find("Vary"), "Accept-Encoding");
    EXPECT_LT(packed.body.size(), size / 10);
    EXPECT_EQ(unpacked(packed.body), text);
    const auto plain = sent("application/json", text, false);
    EXPECT_FALSE(plain.headers.contains("Content-Encoding"));
    EXPECT_EQ(plain.headers.find("Vary"), "Accept-Encoding") << "a cache between must keep the two apart";
    EXPECT_EQ(plain.body, text);
  }
}

TEST_F(CompressTest, OtherAnswersStayAsTheyAre) {
  const std::string text(2000, 'x');
  EXPECT_EQ(sent("application/json", "{}").body, "{}") << "too small to gain by it";
  EXPECT_EQ(sent("application/vnd.apache.parquet", text).body, text);
  const auto packed = sent("text/html", text, true, {{"Content-Encoding", "gzip"}});
  EXPECT_EQ(packed.body, text) << "it is packed already";
}

class CompressedRouterTest : public NetTest {
 protected:
  CompressedRouterTest() {
    compressing.on(Method::kGet, "/list", [](Call) -> Task<Result<Response>> {
      co_return json_response(200, '"' + std::string(100'000, 'x') + '"');
    });
  }
  Pool pool{"packing", 1};
  Router compressing{{}, &pool};
};

TEST_F(CompressedRouterTest, EndpointsNeedNotKnowOfIt) {
  server = std::make_unique<Server>(loop.executor(), ServerOptions{}, compressing.handler());
  ASSERT_TRUE(server->start().ok());
  const auto answer = loop.run(client.send({.target = url("/list"), .headers = asked("gzip")}, Deadline::after(10s)));
  ASSERT_TRUE(answer.ok()) << answer.error();
  EXPECT_EQ(answer->headers.find("Content-Encoding"), "gzip");
  EXPECT_LT(answer->body.size(), 10'000U);
  EXPECT_EQ(get("/list").value().body.size(), 100'002U);
}

}  // namespace
}  // namespace fw::net

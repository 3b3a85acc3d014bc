#include "net/cross_site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fw::net {
namespace {

bool is_allowed(Method method, Headers headers, const std::string& public_url = "") {
  IncomingRequest request{.method = method, .target = "/api/jobs", .headers = std::move(headers)};
  return CrossSiteGuard({public_url}, "server.public_url").check(request).ok();
}

TEST(CrossSiteGuard, TakesAddressesLocalNamesAndThePublicUrl) {
  for (const char* host : {"127.0.0.1:8000", "[::1]:8000", "localhost", "LocalHost:8000", "flywheel:8000", "10.1.2.3",
                           "app.localhost:8000", ""}) {
    EXPECT_TRUE(is_allowed(Method::kGet, {{"Host", host}})) << host;
  }
  EXPECT_TRUE(is_allowed(Method::kGet, {{"Host", "fly.example.com"}}, "https://fly.example.com/api"));
  EXPECT_TRUE(is_allowed(Method::kGet, {})) << "HTTP/1.0 has no Host";
}

TEST(CrossSiteGuard, RefusesNamesThatSomebodyElseMayHavePointedHere) {
  for (const char* host :
       {"evil.example.com:8000", "127.0.0.1.example.com", "localhost.example.com", "fly.example.com."}) {
    EXPECT_FALSE(is_allowed(Method::kGet, {{"Host", host}})) << host;
  }
}

TEST(CrossSiteGuard, OnlyOurOwnPagesMayChangeSomething) {
  const Headers::Field host{"Host", "localhost:8000"};
  EXPECT_TRUE(is_allowed(Method::kPost, {host})) << "a program sends no Origin";
  EXPECT_TRUE(is_allowed(Method::kPost, {host, {"Origin", "http://localhost:8000"}}));
  EXPECT_TRUE(is_allowed(Method::kPost, {host, {"Origin", "https://fly.example.com"}}, "https://fly.example.com"));
  EXPECT_TRUE(is_allowed(Method::kGet, {host, {"Origin", "https://evil.example.com"}}));
  for (const char* origin : {"https://evil.example.com", "http://localhost:8001", "null"}) {
    EXPECT_FALSE(is_allowed(Method::kPost, {host, {"Origin", origin}})) << origin;
  }
  EXPECT_FALSE(is_allowed(Method::kDelete, {host, {"Sec-Fetch-Site", "cross-site"}}));
}

TEST(CrossSiteGuard, WhereAKeyIsAskedForAnyNameIsTakenAndAForeignOriginIsNot) {
  const CrossSiteGuard guard({}, "gateway.public_url");
  IncomingRequest request{.method = Method::kPost, .target = "/v1/chat/completions", .headers = {}};
  request.headers.set("Host", "models.example.com");
  EXPECT_TRUE(guard.check_origin(request).ok());
  EXPECT_THAT(guard.check(request).error().message, testing::HasSubstr("gateway.public_url"));
  request.headers.set("Sec-Fetch-Site", "cross-site");
  EXPECT_FALSE(guard.check_origin(request).ok());
  request.headers.set("Origin", "https://evil.example.com");
  EXPECT_FALSE(guard.check_origin(request).ok());
}

}  // namespace
}  // namespace fw::net

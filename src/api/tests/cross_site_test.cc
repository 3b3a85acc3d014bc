#include "api/cross_site.h"

#include <gtest/gtest.h>

namespace fw::api {
namespace {

bool is_allowed(net::Method method, net::Headers headers, const std::string& public_url = "") {
  net::IncomingRequest request{.method = method, .target = "/api/jobs", .headers = std::move(headers)};
  return CrossSiteGuard(public_url).check(request).ok();
}

TEST(CrossSiteGuard, TakesAddressesLocalNamesAndThePublicUrl) {
  for (const char* host : {"127.0.0.1:8000", "[::1]:8000", "localhost", "LocalHost:8000", "flywheel:8000", "10.1.2.3",
                           "app.localhost:8000", ""}) {
    EXPECT_TRUE(is_allowed(net::Method::kGet, {{"Host", host}})) << host;
  }
  EXPECT_TRUE(is_allowed(net::Method::kGet, {{"Host", "fly.example.com"}}, "https://fly.example.com/api"));
  EXPECT_TRUE(is_allowed(net::Method::kGet, {})) << "HTTP/1.0 has no Host";
}

TEST(CrossSiteGuard, RefusesNamesThatSomebodyElseMayHavePointedHere) {
  for (const char* host :
       {"evil.example.com:8000", "127.0.0.1.example.com", "localhost.example.com", "fly.example.com."}) {
    EXPECT_FALSE(is_allowed(net::Method::kGet, {{"Host", host}})) << host;
  }
}

TEST(CrossSiteGuard, OnlyOurOwnPagesMayChangeSomething) {
  const net::Headers::Field host{"Host", "localhost:8000"};
  EXPECT_TRUE(is_allowed(net::Method::kPost, {host})) << "a program sends no Origin";
  EXPECT_TRUE(is_allowed(net::Method::kPost, {host, {"Origin", "http://localhost:8000"}}));
  EXPECT_TRUE(is_allowed(net::Method::kPost, {host, {"Origin", "https://fly.example.com"}}, "https://fly.example.com"));
  EXPECT_TRUE(is_allowed(net::Method::kGet, {host, {"Origin", "https://evil.example.com"}}));
  for (const char* origin : {"https://evil.example.com", "http://localhost:8001", "null"}) {
    EXPECT_FALSE(is_allowed(net::Method::kPost, {host, {"Origin", origin}})) << origin;
  }
  EXPECT_FALSE(is_allowed(net::Method::kDelete, {host, {"Sec-Fetch-Site", "cross-site"}}));
}

}  // namespace
}  // namespace fw::api

#include "net/url.h"

#include <gtest/gtest.h>

namespace fw::net {
namespace {

TEST(Url, TakesAnAddressApart) {
  const auto url = parse_url("HTTP://Example.COM:8000/v1/models?limit=5#top");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(*url, (Url{false, "example.com", 8000, "/v1/models?limit=5"}));
}

}  // namespace
}  // namespace fw::net

#include "net/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http.h"

namespace fw::net {
namespace {

using testing::HasSubstr;

TEST(Url, IsTakenApart) {
  EXPECT_EQ(parse_url("HTTP://Example.COM:8000/v1/models?limit=5#top").value(),
            (Url{false, "example.com", 8000, "/v1/models?limit=5"}));
  EXPECT_EQ(parse_url("https://a-b.c?q").value(), (Url{true, "a-b.c", 443, "/?q"}));
  EXPECT_EQ(parse_url("http://[::1]:9/x").value(), (Url{false, "::1", 9, "/x"}));
}

TEST(Url, OriginAndHostLeaveOutTheUsualPort) {
  EXPECT_EQ(parse_url("https://h:443/x").value().origin(), "https://h");
  EXPECT_EQ(parse_url("http://h:443/x").value().host_header(), "h:443");
  EXPECT_EQ(parse_url("http://[::1]:8000").value().origin(), "http://[::1]:8000");
}

TEST(Url, WhatIsNoneIsRefusedByNameWithTheReason) {
  for (const char* text :
       {"", "localhost:8000", "ftp://x/", "http://", "http:///x", "http://:80/", "http://h:0/", "http://h:65536/",
        "http://h:8x/", "http://h:-1/", "http://[::1/", "http://[]/", "http://[h]/", "http://a b/", "http://h/\r\nX: y",
        "http://h/\x7f", "http://h\\x/", "http://\xc3\xa9/"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url.ok()) << text;
    EXPECT_EQ(url.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_THAT(parse_url("localhost:8000").error().message, HasSubstr("\"localhost:8000\" must begin with http://"));
  EXPECT_FALSE(parse_url("http://h/" + std::string(20'000, 'x')).ok());
}

TEST(Url, APasswordIsRefusedAndNotRepeated) {
  EXPECT_THAT(parse_url("http://me:secret@h/").error().message, testing::Not(HasSubstr("secret")));
}

TEST(Url, JoinsWithOneSlash) {
  for (const char* base : {"http://h/v1", "http://h/v1/"}) {
    for (const char* path : {"models", "/models"}) EXPECT_EQ(join_url(base, path), "http://h/v1/models");
  }
}

TEST(Url, APathThatLeadsUpwardsIsKnownHoweverItIsWritten) {
  for (const char* up :
       {"/v1/../admin", "/v1/%2e%2e/admin", "/v1/..%2fadmin", "/v1/x/../../admin", "/v1/..", "/v1/.%2E", "/v1/./x",
        "/v1/..;a=b/admin", "/v1/..%5cadmin", "/v1\\..\\admin", "/v1/%zz/../x?a"}) {
    EXPECT_TRUE(has_dot_segment(up)) << up;
  }
  for (const char* plain : {"/v1/models/gpt-4.1", "/v1/...", "/v1/..a/.b/c..", "/v1/files?path=../x", "/v1//x", "/", "",
                            "/v1/a%2fb", "/v1/x;/y"}) {
    EXPECT_FALSE(has_dot_segment(plain)) << plain;
  }
}

TEST(PercentEncoding, DecodesWhatItEncodedAndLeavesPlusAlone) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_decode("a+b%2Bc"), "a+b+c");
  for (const char* broken : {"%", "%4", "%4g", "%%41"}) EXPECT_EQ(percent_decode(broken), std::nullopt) << broken;
}

TEST(QueryParams, KeepOrderAndRepetition) {
  const QueryParams query("filter%5Bname%5D=a+b&x=1&&x=2&flag&y=%zz&=");
  EXPECT_EQ(query.find("filter[name]"), "a b");
  EXPECT_THAT(query.find_all("x"), testing::ElementsAre("1", "2"));
  EXPECT_EQ(query.find("flag"), "");
  EXPECT_EQ(query.find("y"), "%zz");
  EXPECT_EQ(query.find("z"), std::nullopt);
}

TEST(QueryParams, AreLimitedInNumber) {
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "a&";
  EXPECT_EQ(QueryParams(many).pairs().size(), 1000U);
}

TEST(Headers, AreFoundWithoutRegardToCaseAndKeepTheirOrder) {
  Headers headers{{"B", "1"}, {"a", "2"}, {"b", "3"}};
  EXPECT_EQ(headers.find("b"), "1");
  headers.set("b", "4");
  EXPECT_EQ(headers, (Headers{{"B", "4"}, {"a", "2"}}));
  headers.remove("A");
  EXPECT_EQ(headers.size(), 1U);
}

TEST(Headers, TokensOfAListAreFoundInEveryLine) {
  const Headers headers{{"Connection", "keep-alive , Upgrade"}, {"connection", "x"}};
  EXPECT_TRUE(headers.has_token("Connection", "upgrade"));
  EXPECT_TRUE(headers.has_token("Connection", "X"));
  EXPECT_FALSE(headers.has_token("Connection", "keep"));
}

TEST(StatusError, QuotesTheDetailInEveryUsualForm) {
  for (const char* body : {R"({"detail":"no model"})", R"({"error":{"message":"no model"}})", R"({"error":"no model"})",
                           R"({"message":"no model"})", "no model"}) {
    EXPECT_EQ(status_error("h", {.status = 404, .body = body}).message, "h answered 404 Not Found: no model");
  }
  EXPECT_EQ(status_error("h", {.status = 404, .body = R"({"detail":[{"msg":"x"}]})"}).code, ErrorCode::kNotFound);
  const std::string problem =
      R"({"type":"value_error","loc":["body","name"],"msg":"is too long","input":")" + std::string(5000, 'x') + "\"}";
  EXPECT_EQ(status_error("h", {.status = 422, .body = R"({"detail":[)" + problem + "]}"}).message,
            "h answered 422 Unprocessable Content: name: is too long");
  EXPECT_EQ(status_error("h", {.status = 422, .body = R"({"detail":[)" + problem + "," + problem + "]}"}).message,
            "h answered 422 Unprocessable Content: \n  name: is too long\n  name: is too long");
}

}  // namespace
}  // namespace fw::net

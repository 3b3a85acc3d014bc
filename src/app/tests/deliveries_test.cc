#include "app/cli/deliveries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const Json kAnswer = Json::parse(R"({"deliveries": [
  {"url": "https://user:secret@hooks.example.com/x?key=abc", "status": "pending", "attempts": [
    {"at": "2026-01-02T03:04:05", "status": 500, "error": "the receiver answered 500"},
    {"at": "2026-01-02T03:04:07", "status": 0, "error": "environment variable HOOK is not set"}]},
  {"url": "http://127.0.0.1:9/ok", "status": "delivered", "attempts": [
    {"at": "2026-01-02T03:04:05", "status": 204, "error": ""}]}]})");

TEST(Deliveries, EveryAttemptIsShownAndNoSecret) {
  std::string text;
  Terminal out(text, 0);
  print_deliveries(kAnswer, out);
  EXPECT_THAT(text, AllOf(HasSubstr("https://hooks.example.com/x: pending"), HasSubstr("HTTP 500"),
                          HasSubstr("no answer"), HasSubstr("HOOK is not set"), HasSubstr("HTTP 204  taken")));
  EXPECT_THAT(text, AllOf(Not(HasSubstr("secret")), Not(HasSubstr("abc"))));
}

TEST(Deliveries, WhatHasNotArrivedIsSaidInOneLine) {
  std::string text;
  Terminal out(text, 0);
  print_undelivered(kAnswer, out);
  EXPECT_EQ(text, "  webhook https://hooks.example.com/x pending: environment variable HOOK is not set (2 attempts)\n");
}

TEST(Deliveries, AnAddressLosesWhatMayBeSecret) {
  EXPECT_EQ(shown_url("https://u:p@host/a/b?c#d"), "https://host/a/b");
  EXPECT_EQ(shown_url("https://host/a@b"), "https://host/a@b");
  EXPECT_EQ(shown_url("nonsense"), "nonsense");
}

}  // namespace
}  // namespace fw::app

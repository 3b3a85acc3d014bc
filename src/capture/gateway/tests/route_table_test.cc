#include "capture/gateway/route_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fw::capture {
namespace {

using testing::HasSubstr;

const std::vector<UpstreamSettings>& two_upstreams() {
  static const std::vector<UpstreamSettings> kUpstreams{{.name = "big", .url = "http://a/v1"},
                                                        {.name = "small", .url = "http://b/v1"}};
  return kUpstreams;
}

std::string refusal(std::vector<Route> routes) {
  const auto table = RouteTable::make(std::move(routes), two_upstreams());
  return table.ok() ? "" : table.error().message;
}

TEST(RouteTable, TheFirstRouteThatFitsTakesARequestAndTheFirstUpstreamTheRest) {
  const auto table =
      RouteTable::make({{.name = "chat", .model = "gpt-*", .workload = "chat", .targets = {{.upstream = "small"}}},
                        {.name = "gpt", .model = "gpt-*", .targets = {{.upstream = "big", .model = "gpt-5"}}}},
                       two_upstreams())
          .value();
  Random random(1);
  EXPECT_EQ(table->choose("gpt-4o", "chat", random).route, "chat");
  EXPECT_EQ(table->choose("gpt-4o", "other", random).targets.front()->model, "gpt-5");
  EXPECT_EQ(table->choose("llama", "chat", random).route, "default");
  EXPECT_EQ(table->choose("llama", "chat", random).targets.front()->upstream, "big");
}

TEST(RouteTable, TargetsAreDrawnByWeightAndFallbacksFollow) {
  const auto table = RouteTable::make({{.name = "canary",
                                        .targets = {{.upstream = "big", .weight = 90},
                                                    {.upstream = "small", .weight = 10, .variant = "candidate"},
                                                    {.upstream = "small", .weight = 0, .variant = "never"}},
                                        .fallbacks = {{.upstream = "big"}}}},
                                      two_upstreams())
                         .value();
  Random random(7);
  int candidates = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto choice = table->choose("m", "w", random);
    ASSERT_EQ(choice.targets.size(), 2U);
    ASSERT_NE(choice.targets.front()->variant, "never");
    candidates += choice.targets.front()->variant == "candidate" ? 1 : 0;
  }
  EXPECT_NEAR(candidates, 1000, 150);
}

TEST(RouteTable, RefusesWhatLeadsNowhere) {
  EXPECT_THAT(refusal({{.name = "r", .targets = {{.upstream = "none"}}}}),
              HasSubstr("no upstream \"none\"; there are: big, small"));
  EXPECT_THAT(refusal({{.name = "r"}}), HasSubstr("no targets"));
  EXPECT_THAT(refusal({{.targets = {{.upstream = "big"}}}}), HasSubstr("no name"));
  EXPECT_THAT(refusal({{.name = "r", .targets = {{.upstream = "big", .weight = 0}}}}), HasSubstr("weight above 0"));
  EXPECT_THAT(
      refusal({{.name = "r", .targets = {{.upstream = "big"}}}, {.name = "r", .targets = {{.upstream = "big"}}}}),
      HasSubstr("twice"));
}

TEST(RouteTable, WhatItWritesItReads) {
  const std::vector<Route> routes{{.name = "r",
                                   .model = "a*",
                                   .workload = "w",
                                   .targets = {{"big", "m", 0.5, "canary"}},
                                   .fallbacks = {{.upstream = "small"}}}};
  const auto table = RouteTable::make(routes, two_upstreams()).value();
  EXPECT_EQ(RouteTable::parse(table->to_json()).value(), routes);
}

TEST(RouteTable, SaysWhatIsWrongInJson) {
  const auto wrong = [](const char* text) { return RouteTable::parse(text).error().message; };
  EXPECT_THAT(wrong("[]"), HasSubstr("object"));
  EXPECT_THAT(wrong("{}"), HasSubstr("missing"));
  EXPECT_THAT(wrong(R"({"routes":[{"name":1}]})"), HasSubstr("routes[0]: name is no text"));
  EXPECT_THAT(wrong(R"({"routes":[{"nam":"x"}]})"), HasSubstr("nam is no known key"));
  EXPECT_THAT(wrong(R"({"routes":[{"targets":[{"weight":"x"}]}]})"), HasSubstr("weight is no number"));
}

}  // namespace
}  // namespace fw::capture

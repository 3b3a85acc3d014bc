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
  const auto unnamed = RouteTable::parse(R"({"routes":[{"name":"r"},{"targets":[]}]})").value();
  EXPECT_EQ(unnamed[1].name, "route-2");  // as the configuration names it
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

TEST(RouteTable, AConversationStaysWithItsModelAsTheShareGrows) {
  int in[] = {0, 0, 0};
  constexpr int kConversations = 20'000;
  for (int i = 0; i < kConversations; ++i) {
    const std::string id = "c" + std::to_string(i);
    const bool small = is_in_share(id, 0.05, "p-1"), large = is_in_share(id, 0.25, "p-1");
    EXPECT_TRUE(!small || large);
    in[0] += small ? 1 : 0;
    in[1] += large ? 1 : 0;
    in[2] += is_in_share(id, 0.05, "p-2") && small ? 1 : 0;
  }
  EXPECT_NEAR(in[0], 0.05 * kConversations, 150);
  EXPECT_NEAR(in[1], 0.25 * kConversations, 300);
  EXPECT_LT(in[2], 120);  // another proposal begins with other conversations
  EXPECT_TRUE(is_in_share("x", 1, "p"));
  EXPECT_FALSE(is_in_share("x", 0, "p"));
}

TEST(RouteTable, APromotedModelAnswersItsShareOfItsWorkloadAlone) {
  Promoted promoted{
      .id = "p-1", .workload = "router", .client = "demo", .target = {.upstream = "small"}, .share = 0.25};
  const std::vector<UpstreamSettings> upstreams{{.name = "big"}, {.name = "small"}};
  const auto table = RouteTable::make({}, upstreams, {promoted});
  ASSERT_TRUE(table.ok()) << table.error().message;
  Random random(1);
  int drawn = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::string conversation = "c" + std::to_string(i);
    const auto* once = (*table)->split_for("router", "demo", conversation, random).answers;
    EXPECT_EQ(once, (*table)->split_for("router", "demo", conversation, random).answers);
    drawn += once != nullptr ? 1 : 0;
    EXPECT_EQ((*table)->split_for("router", "other", conversation, random).answers, nullptr);
    EXPECT_EQ((*table)->split_for("writer", "demo", conversation, random).answers, nullptr);
  }
  EXPECT_NEAR(drawn, 1000, 150);
  drawn = 0;
  for (int i = 0; i < 4000; ++i) drawn += (*table)->split_for("router", "demo", "", random).answers != nullptr ? 1 : 0;
  EXPECT_NEAR(drawn, 1000, 150);
  // Its own key orders the conversations, and not its name.
  Promoted keyed = promoted;
  keyed.key = "secret";
  const auto by_key = RouteTable::make({}, upstreams, {keyed});
  for (int i = 0; i < 1000; ++i) {
    const std::string conversation = "c" + std::to_string(i);
    EXPECT_EQ((*by_key)->split_for("router", "demo", conversation, random).answers != nullptr,
              is_in_share(conversation, 0.25, "secret"));
  }
  // One that leads nowhere is left out, and the others are not.
  Promoted gone = promoted;
  gone.id = "p-0";
  gone.target.upstream = "gone";
  const auto rest = RouteTable::make({}, upstreams, {gone, promoted});
  ASSERT_TRUE(rest.ok()) << rest.error().message;
  ASSERT_EQ((*rest)->left_out().size(), 1U);
  EXPECT_EQ((*rest)->left_out()[0].id, "p-0");
  EXPECT_THAT((*rest)->left_out()[0].why, HasSubstr("\"gone\", which gateway.upstreams does not have"));
  ASSERT_EQ((*rest)->promoted().size(), 1U);
  EXPECT_EQ((*rest)->promoted()[0].id, "p-1");
}

TEST(RouteTable, WhatAnswersAWorkloadAnywayIsKnown) {
  const std::vector<UpstreamSettings> upstreams{{.name = "big"}, {.name = "small"}};
  const auto plain = RouteTable::make({}, upstreams).value();
  EXPECT_TRUE(plain->leads_only_to("big", "", "router"));
  EXPECT_FALSE(plain->leads_only_to("small", "", "router"));
  EXPECT_FALSE(plain->leads_only_to("big", "tuned", "router")) << "it is asked for another model";
  const auto routed =
      RouteTable::make({{.name = "r", .workload = "router", .targets = {{.upstream = "small"}}}}, upstreams).value();
  EXPECT_TRUE(routed->leads_only_to("small", "", "router"));
  EXPECT_TRUE(routed->leads_only_to("big", "", "writer"));
  const auto both =
      RouteTable::make({{.name = "r", .targets = {{.upstream = "big"}, {.upstream = "small"}}}}, upstreams).value();
  EXPECT_FALSE(both->leads_only_to("small", "", "router"));
}

}  // namespace
}  // namespace fw::capture

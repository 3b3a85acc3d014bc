#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config/config.h"

namespace fw::app {
namespace {

using testing::Contains;
using testing::HasSubstr;

Result<Config> parse(const std::string& text) {
  return parse_config(text, "config.yaml", "/etc", [](const std::string&) { return std::string(); });
}

std::string error_of(const std::string& text) {
  const auto config = parse(text);
  return config.ok() ? "" : config.error().message;
}

TEST(GatewaySection, OneUpstreamIsEnoughAndCandidatesAreNotNeeded) {
  const auto config = parse("gateway: {upstream: \"https://api.openai.com/v1\"}");
  ASSERT_TRUE(config.ok()) << config.error();
  EXPECT_TRUE(config->gateway.is_on());
  EXPECT_EQ(config->gateway_listener.port, 8001);
  EXPECT_EQ(config->gateway_listener.listen, "127.0.0.1");
  EXPECT_EQ(config->gateway.upstreams.front().url, "https://api.openai.com/v1");
  EXPECT_THAT(config->warnings, Contains(HasSubstr("runs have nothing to try")));
}

TEST(GatewaySection, WithoutUpstreamsThereIsNone) {
  const auto config = parse("nims: [{model_name: a, path: b}]");
  ASSERT_TRUE(config.ok()) << config.error();
  EXPECT_FALSE(config->gateway.is_on());
}

TEST(GatewaySection, ReadsUpstreamsRoutesAndCapture) {
  const auto config = parse(R"(
gateway:
  upstreams:
    - {name: big, url: "https://a/v1", max_retries: 0, idle_timeout_seconds: 1.5}
    - {url: "http://b"}
  routes:
    - name: r
      model: "gpt-*"
      targets: [{upstream: big, weight: 9}, {upstream: upstream-2, model: small, variant: canary}]
      fallbacks: [{upstream: big}]
  capture:
    durability: before_last_byte
    commit_timeout_seconds: 2.5
    samples: {noisy: 0.25}
    rules:
      - {system: "*router*", workload: router, tools: [get, "*"], output: json_object, prompt: "p*", without_tools: false}
      - {workload: plain, without_system: true}
)");
  ASSERT_TRUE(config.ok()) << config.error();
  const auto& gateway = config->gateway;
  EXPECT_EQ(gateway.upstreams.front().max_retries, 0);
  EXPECT_EQ(gateway.upstreams.front().idle_timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(gateway.routes.front().targets.back().variant, "canary");
  EXPECT_EQ(gateway.capture.durability, capture::Durability::kBeforeLastByte);
  EXPECT_EQ(gateway.capture.commit_timeout, std::chrono::milliseconds(2500));
  EXPECT_EQ(gateway.capture.samples.at("noisy"), 0.25);
  EXPECT_EQ(gateway.capture.rules.front().workload, "router");
  EXPECT_THAT(gateway.capture.rules.front().tools, testing::ElementsAre("get", "*"));
  EXPECT_EQ(gateway.capture.rules.front().output, "json_object");
  EXPECT_EQ(gateway.capture.rules.front().prompt, "p*");
  EXPECT_TRUE(gateway.capture.rules.back().without_system);
}

TEST(GatewaySection, SaysWhatCannotBe) {
  EXPECT_THAT(error_of("gateway: {upstream: \"http://a\", capture: {durability: none}}"), HasSubstr("required"));
  EXPECT_THAT(error_of("gateway: {upstream: \"http://a\", routes: [{name: r, targets: [{upstream: x}]}]}"),
              HasSubstr("no upstream \"x\""));
  EXPECT_THAT(error_of("gateway: {upstream: \"http://a\", listen: 0.0.0.0}"), HasSubstr("insecure: true"));
  EXPECT_EQ(error_of("gateway: {upstream: \"http://a\", listen: 0.0.0.0, insecure: true}"), "");
  EXPECT_THAT(error_of("gateway: {upstream: \"no url\"}"), HasSubstr("gateway.upstream"));
  EXPECT_THAT(error_of("gateway: {upstream: \"http://a\", capture: {samples: {w: 2}}}"), HasSubstr("from 0 to 1"));
  EXPECT_THAT(error_of("gateway: {upstream: \"http://a\", capture: {rules: [{path: x}]}}"),
              HasSubstr("a rule names a workload"));
  EXPECT_THAT(error_of("gateway: {enabled: true}"), HasSubstr("upstreams"));
}

}  // namespace
}  // namespace fw::app

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config/config.h"

namespace fw::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<Config> parse(const std::string& promotion) {
  const std::string text = "gateway: {upstream: http://127.0.0.1:1/v1}\npromotion: " + promotion + "\n";
  return parse_config(text, "c.yaml", ".", [](const std::string&) { return std::string(); });
}

TEST(PromotionSection, IsReadAndHasDefaults) {
  const auto defaults = parse("{}");
  ASSERT_TRUE(defaults.ok()) << defaults.error().message;
  EXPECT_EQ(defaults->promotion.rules.signatures, 1U);
  EXPECT_THAT(defaults->promotion.rules.steps, ElementsAre(0.01, 0.05, 0.25, 0.5));
  const auto own = parse(
      "{signatures: 2, canary_steps: [0.1, 0.5], gates: {errors: 0.05, slow_after_seconds: 1.5, disagreement: 0,"
      " false_alarm_rate: 0.01}, shadow: {share: 0.2, concurrency: 2, timeout_seconds: 3}, serving: {max_models: 2, "
      "concurrency: 8,"
      " timeout_seconds: 9, health_interval_seconds: 2, health_timeout_seconds: 4, health_failures: 7}}");
  ASSERT_TRUE(own.ok()) << own.error().message;
  EXPECT_EQ(own->promotion.rules.signatures, 2U);
  EXPECT_THAT(own->promotion.rules.steps, ElementsAre(0.1, 0.5));
  EXPECT_EQ(own->promotion.gates.errors, 0.05);
  EXPECT_EQ(own->promotion.gates.alpha, 0.01);
  EXPECT_EQ(own->promotion.gates.slow_after, std::chrono::milliseconds(1500));
  EXPECT_EQ(own->promotion.gates.disagreement, 0);
  EXPECT_EQ(own->promotion.rules.shadow, 0.2);
  EXPECT_EQ(own->gateway.shadow.concurrency, 2U);
  EXPECT_EQ(own->gateway.shadow.timeout, std::chrono::seconds(3));
  EXPECT_EQ(own->promotion.serving.max_models, 2U);
  EXPECT_EQ(own->promotion.serving.concurrency, 8);
  EXPECT_EQ(own->promotion.serving.timeout, std::chrono::seconds(9));
  EXPECT_EQ(own->promotion.serving.health_interval, std::chrono::seconds(2));
  EXPECT_EQ(own->promotion.serving.health_timeout, std::chrono::seconds(4));
  EXPECT_EQ(own->promotion.serving.health_failures, 7);
  EXPECT_EQ(defaults->promotion.serving.health_failures, 3);
  EXPECT_EQ(defaults->promotion.serving.max_models, 4U);
  EXPECT_EQ(defaults->promotion.gates.slow_after, Duration(0));
  EXPECT_EQ(defaults->promotion.rules.shadow, 0.1);
}

TEST(PromotionSection, TheJudgesGateIsOffUnlessThereIsAJudgeToAsk) {
  const std::string judge = "llm_judge_config: {url: \"http://127.0.0.1:2/v1\", model_name: j}\n";
  const auto with = [&](const std::string& promotion, const std::string& more) {
    return parse_config("gateway: {upstream: http://127.0.0.1:1/v1}\n" + more + "promotion: " + promotion + "\n",
                        "c.yaml", ".", [](const std::string&) { return std::string(); });
  };
  EXPECT_EQ(with("{}", judge)->promotion.gates.judged, 0);
  const auto own =
      with("{gates: {judged: 0.2}, judge: {pairs_per_minute: 1.5, tokens_per_day: 9000, min_pairs: 7}}", judge);
  ASSERT_TRUE(own.ok()) << own.error().message;
  EXPECT_EQ(own->promotion.gates.judged, 0.2);
  EXPECT_EQ(own->promotion.gates.judged_least, 7U);
  EXPECT_EQ(own->promotion.judge->endpoint.model, "j");
  EXPECT_EQ(own->promotion.judge_budget.pairs_a_minute, 1.5);
  EXPECT_EQ(own->promotion.judge_budget.tokens_a_day, 9000U);
  EXPECT_THAT(with("{gates: {judged: 0.2}}", "").error().message, HasSubstr("llm_judge_config"));
  EXPECT_THAT(with("{gates: {judged: 0.2}, shadow: {share: 0}}", judge).error().message,
              HasSubstr("shadow.share is 0"));
}

TEST(PromotionSection, AWorkloadMayAskForOtherSignatures) {
  const auto own = parse("{signatures: 2, workloads: {payments: {signatures: 3}, router: {signatures: 1}, plain: {}}}");
  ASSERT_TRUE(own.ok()) << own.error().message;
  const auto& rules = own->promotion.rules;
  EXPECT_EQ(rules.signatures_of("payments"), 3U);
  EXPECT_EQ(rules.signatures_of("router"), 1U);
  EXPECT_EQ(rules.signatures_of("plain"), 2U);
  EXPECT_EQ(rules.signatures_of("another"), 2U);
  EXPECT_THAT(parse("{workloads: {payments: {signatures: 0}}}").error().message, HasSubstr("signatures"));
  EXPECT_THAT(parse("{workloads: {payments: {signature: 2}}}").error().message, HasSubstr("signatures"));
}

TEST(PromotionSection, WhatCannotBeIsNamed) {
  for (const char* steps : {"[0.5, 0.1]", "[0]", "[1]", "[x]", "[0.1, 0.1]"}) {
    const auto config = parse("{canary_steps: " + std::string(steps) + "}");
    ASSERT_FALSE(config.ok()) << steps;
    EXPECT_THAT(config.error().message, HasSubstr("canary_steps"));
  }
  EXPECT_THAT(parse("{signatures: 0}").error().message, HasSubstr("signatures"));
  EXPECT_THAT(parse("{gates: {error: 0.1}}").error().message, HasSubstr("errors"));
  EXPECT_THAT(parse("{gates: {slow: 0.00001}}").error().message, HasSubstr("0 (off)"));
  EXPECT_THAT(parse("{shadow: {share: 2}}").error().message, HasSubstr("share"));
}

}  // namespace
}  // namespace fw::app

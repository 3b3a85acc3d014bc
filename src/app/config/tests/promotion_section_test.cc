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
  const auto own = parse("{signatures: 2, canary_steps: [0.1, 0.5], max_error_rate: 0.05, false_alarm_rate: 0.01}");
  ASSERT_TRUE(own.ok()) << own.error().message;
  EXPECT_EQ(own->promotion.rules.signatures, 2U);
  EXPECT_THAT(own->promotion.rules.steps, ElementsAre(0.1, 0.5));
  EXPECT_EQ(own->promotion.gates.errors, 0.05);
  EXPECT_EQ(own->promotion.gates.alpha, 0.01);
}

TEST(PromotionSection, WhatCannotBeIsNamed) {
  for (const char* steps : {"[0.5, 0.1]", "[0]", "[1]", "[x]", "[0.1, 0.1]"}) {
    const auto config = parse("{canary_steps: " + std::string(steps) + "}");
    ASSERT_FALSE(config.ok()) << steps;
    EXPECT_THAT(config.error().message, HasSubstr("canary_steps"));
  }
  EXPECT_THAT(parse("{signatures: 0}").error().message, HasSubstr("signatures"));
  EXPECT_THAT(parse("{max_errors: 1}").error().message, HasSubstr("max_error"));
}

}  // namespace
}  // namespace fw::app

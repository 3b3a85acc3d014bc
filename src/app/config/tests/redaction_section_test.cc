#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config/config.h"

namespace fw::app {
namespace {

using testing::HasSubstr;

Result<Config> parse(const std::string& text, const std::string& key = "0123456789abcdef") {
  return parse_config("nims: [{model_name: a, url: http://127.0.0.1:9/v1}]\nredact:\n" + text, "config.yaml", ".",
                      [&](const std::string& name) { return name == "FLYWHEEL_REDACTION_KEY" ? key : std::string(); });
}
std::string mistakes(const std::string& text, const std::string& key = "0123456789abcdef") {
  const auto out = parse(text, key);
  return out.ok() ? "" : out.error().message;
}

TEST(RedactionSection, RulesAreReadInTheirOrder) {
  const auto config = parse(
      "  rules:\n"
      "    - {kind: email, action: pseudonym}\n"
      "    - {name: customer, pattern: 'C-\\d{6}', action: drop, workloads: [router, writer]}\n"
      "    - {path: $.request.user, except: [writer]}\n");
  ASSERT_TRUE(config.ok()) << config.error();
  const auto& rules = config->redact.rules;
  ASSERT_EQ(rules.size(), 3U);
  EXPECT_EQ(rules[0].kind, "email");
  EXPECT_EQ(rules[0].action, capture::RedactionAction::kPseudonym);
  EXPECT_EQ(rules[1].pattern, "C-\\d{6}");
  EXPECT_EQ(rules[1].workloads, (std::vector<std::string>{"router", "writer"}));
  EXPECT_EQ(rules[2].path, "$.request.user");
  EXPECT_EQ(rules[2].action, capture::RedactionAction::kMask);
  EXPECT_EQ(rules[2].except, std::vector<std::string>{"writer"});
}

TEST(RedactionSection, MistakesAreNamedWithTheirPlace) {
  EXPECT_THAT(mistakes("  rules: [{kind: mail}]\n"), HasSubstr("\"mail\" is no kind"));
  EXPECT_THAT(mistakes("  rules: [{pattern: '('}]\n"), HasSubstr("config.yaml:3: redact.rules[0].pattern"));
  EXPECT_THAT(mistakes("  rules: [{path: user}]\n"), HasSubstr("is no path"));
  EXPECT_THAT(mistakes("  rules: [{kind: email, acton: mask}]\n"), HasSubstr("did you mean \"action\""));
  const auto without_key = parse("  rules: [{kind: email, action: pseudonym}]\n", "");
  ASSERT_TRUE(without_key.ok()) << without_key.error();
  EXPECT_THAT(without_key->warnings, testing::Contains(HasSubstr("FLYWHEEL_REDACTION_KEY")));
}

}  // namespace
}  // namespace fw::app

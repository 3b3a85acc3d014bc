#include "modelops/openai/redaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fw::modelops {
namespace {

TEST(Redaction, AKeyIsNotShownWholeOrInPart) {
  const std::vector<std::string> secrets{"s3cret-0123456789"};
  EXPECT_EQ(redact_keys("wrong key: s3cret-0123456789.", secrets), "wrong key: [key].");
  EXPECT_EQ(redact_keys("key \"0123456789\" is unknown", secrets), "key \"[key]\" is unknown");
  EXPECT_EQ(redact_keys("Bearer s3cret-0123456789, sorry", secrets), "Bearer [key], sorry");
}

TEST(Redaction, TheEndsOfAKeyAreNotShownByThemselves) {
  const std::vector<std::string> secrets{"s3cret-01234567-wxyz"};
  EXPECT_EQ(redact_keys("Key ending in wxyz is disabled", secrets), "Key ending in [key] is disabled");
  EXPECT_EQ(redact_keys("the key (suffix=7-wxyz).", secrets), "the key ([key]).");
  EXPECT_EQ(redact_keys("the key that starts with `s3cret` ", secrets), "the key that starts with `[key]` ");
  EXPECT_EQ(redact_keys("code 1234, see xyz", {"s3cret-wxyz"}), "code 1234, see xyz");
}

TEST(Redaction, AShortKeyIsNotShownEither) {
  EXPECT_EQ(redact_keys("provided: s3cret!", {"s3cret"}), "provided: [key]!");
}

TEST(Redaction, AnEchoWithAMaskedMiddleIsAKey) {
  EXPECT_EQ(redact_keys("Incorrect API key provided: sk-abc***. You can", {"other"}),
            "Incorrect API key provided: [key]. You can");
  EXPECT_EQ(redact_keys("provided: abcd************wxyz.", {}), "provided: [key].");
  EXPECT_EQ(redact_keys("provided: abcd...wxyz, no", {"abcd-middle-wxyz"}), "provided: [key], no");
  EXPECT_EQ(redact_keys("provided: ab\u2026yz", {"ab-middle-yz"}), "provided: [key]");
}

TEST(Redaction, KeysOfProvidersAreKnownByTheirForm) {
  EXPECT_EQ(redact_keys("you sent sk-proj-abcdef", {}), "you sent [key]");
  EXPECT_EQ(redact_keys("nvapi-abcdefgh123 is expired", {}), "[key] is expired");
  EXPECT_EQ(redact_keys("key=0123456789abcdef0123456789abcdef", {}), "[key]");
}

TEST(Redaction, WordsModelsAndIdsStay) {
  for (const char* text : {"the model `meta-llama-3.1-70b-instruct-2024-07-18` does not exist", "wait... what?",
                           "2 ** 3", "request 9f1c2d3e-4b5a-6978-8a9b-0c1d2e3f4a5b failed",
                           "max_completion_tokens is not supported, see /v1/models", "risk-averse task-based desk-top"})
    EXPECT_EQ(redact_keys(text, {"s3cret-0123456789"}), text);
}

TEST(Redaction, AKeyWhereANameBelongsIsSeen) {
  EXPECT_TRUE(looks_like_key("sk-proj-0123456789"));
  EXPECT_TRUE(looks_like_key("0123456789abcdef0123456789abcdef"));
  for (const char* name : {"OPENAI_API_KEY", "MY_VERY_LONG_VARIABLE_NAME_OF_THE_KEY", "2024-06-01", "sk-short", ""})
    EXPECT_FALSE(looks_like_key(name)) << name;
}

}  // namespace
}  // namespace fw::modelops

#include "modelops/openai/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace fw::modelops {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Variables with(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) {
    const auto it = values.find(name);
    return it == values.end() ? std::string() : it->second;
  };
}

TEST(Credentials, AKeyGoesIntoTheAuthorizationHeader) {
  const auto found = credentials_of({.url = "http://h/v1", .api_key_env = "K"}, with({{"K", "s3cret"}}));
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->headers.find("Authorization"), "Bearer s3cret");
  EXPECT_THAT(found->secrets, ElementsAre("s3cret"));
}

TEST(Credentials, AnAzureDeploymentAndANamedHeaderGetTheBareKey) {
  const auto azure =
      credentials_of({.url = "https://r/openai/deployments/d", .api_key_env = "K"}, with({{"K", "s3cret"}}));
  EXPECT_EQ(azure->headers.find("api-key"), "s3cret");
  EXPECT_FALSE(azure->headers.contains("Authorization"));
  const auto named =
      credentials_of({.url = "http://h", .api_key_env = "K", .api_key_header = "x-api-key"}, with({{"K", "s3cret"}}));
  EXPECT_EQ(named->headers.find("x-api-key"), "s3cret");
}

TEST(Credentials, NoVariableMeansNoKey) {
  const auto found = credentials_of({.url = "http://h/v1"}, with({}));
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->headers.empty());
}

TEST(Credentials, HeadersAndQueryReadTheVariablesTheyName) {
  const Endpoint endpoint{.url = "http://h",
                          .headers = {{"X-Team", "blue"}, {"Authorization", "Token ${K}"}},
                          .query = {{"code", "${K}"}, {"price", "$5"}}};
  const auto found = credentials_of(endpoint, with({{"K", "s3cret"}}));
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->headers.find("Authorization"), "Token s3cret");
  EXPECT_EQ(found->query[0].second, "s3cret");
  EXPECT_EQ(found->query[1].second, "$5");
  EXPECT_THAT(found->secrets, Contains("s3cret"));
}

TEST(Credentials, AMissingKeyNamesItsVariable) {
  EXPECT_THAT(read_key("K", with({})).error().message, HasSubstr("environment variable K is not set"));
  EXPECT_THAT(read_key("K", with({{"K", " \n"}})).error().message, HasSubstr("K is blank"));
}

TEST(Credentials, BlanksAroundAKeyAreCutOffAndNamed) {
  const auto read = read_key("K", with({{"K", "s3cret\n"}}));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->key, "s3cret");
  EXPECT_THAT(read->note, AllOf(HasSubstr("variable K"), HasSubstr("line break"), Not(HasSubstr("s3cret"))));
}

TEST(Credentials, BreaksWithinAKeyAreRefusedWithoutShowingIt) {
  for (const char* key : {"one\ntwo", "one two", "one\x01two", "one\xC3\xA9"})
    EXPECT_THAT(read_key("K", with({{"K", key}})).error().message,
                AllOf(HasSubstr("variable K"), Not(HasSubstr("two"))));
}

}  // namespace
}  // namespace fw::modelops

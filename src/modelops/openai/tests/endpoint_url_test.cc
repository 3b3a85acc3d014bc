#include "modelops/openai/endpoint_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fw::modelops {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> urls(std::string_view url, std::vector<std::pair<std::string, std::string>> query = {}) {
  auto out = chat_urls(url, query);
  return out.ok() ? *out : std::vector{out.error().message};
}

TEST(EndpointUrl, ABaseThatEndsInAVersionIsWhereItSays) {
  for (const char* base :
       {"http://h/v1", "http://h/v1/", "http://h/api/v3", "http://h/api/paas/v4", "https://h/v1beta"})
    EXPECT_THAT(urls(base), ElementsAre(std::string(base).substr(0, std::string(base).find_last_not_of('/') + 1) +
                                        "/chat/completions"));
}

TEST(EndpointUrl, AWholeAddressIsTheOnlyPlace) {
  EXPECT_THAT(urls("http://h/v1beta/openai/chat/completions/"), ElementsAre("http://h/v1beta/openai/chat/completions"));
}

TEST(EndpointUrl, ABareHostIsLookedAtWithAVersionFirst) {
  EXPECT_THAT(urls("http://h:8000/"),
              ElementsAre("http://h:8000/v1/chat/completions", "http://h:8000/chat/completions"));
}

TEST(EndpointUrl, AnotherPathIsTakenAsItIsFirst) {
  EXPECT_THAT(urls("http://h/v1beta/openai"),
              ElementsAre("http://h/v1beta/openai/chat/completions", "http://h/v1beta/openai/v1/chat/completions"));
  EXPECT_THAT(urls("https://h/api").back(), "https://h/api/v1/chat/completions");
}

TEST(EndpointUrl, TheQueryComesBehindThePath) {
  EXPECT_THAT(urls("http://h/v1?api-version=2024-06-01"),
              ElementsAre("http://h/v1/chat/completions?api-version=2024-06-01"));
  EXPECT_THAT(urls("http://h/v1", {{"api-version", "1"}, {"a b", "c&d"}}),
              ElementsAre("http://h/v1/chat/completions?api-version=1&a%20b=c%26d"));
  EXPECT_THAT(urls("http://h/v1?x=1#top", {{"y", "2"}}), ElementsAre("http://h/v1/chat/completions?x=1&y=2"));
}

TEST(EndpointUrl, AnAzureDeploymentIsOnePlace) {
  const char* base = "https://r.openai.azure.com/openai/deployments/gpt";
  EXPECT_TRUE(is_azure_deployment(base));
  EXPECT_FALSE(is_azure_deployment("https://h/openai/v1"));
  EXPECT_THAT(urls(base), ElementsAre(std::string(base) + "/chat/completions"));
}

TEST(EndpointUrl, TheListOfModelsStandsBesideTheCompletions) {
  EXPECT_EQ(models_url("http://h/v1/chat/completions?a=b"), "http://h/v1/models?a=b");
}

TEST(EndpointUrl, WhatIsNoUrlIsNamed) {
  EXPECT_THAT(urls("h/v1").front(), HasSubstr("must begin with http"));
  EXPECT_THAT(urls("http://h:99999/v1").front(), HasSubstr("port"));
  EXPECT_THAT(urls("http://user:pw@h/v1").front(), HasSubstr("user name or password"));
}

TEST(EndpointUrl, WhatIsShownHasNoQueryAndNoPassword) {
  EXPECT_EQ(shown_url("https://h/v1?key=AIzaSecret"), "https://h/v1");
  EXPECT_EQ(shown_url("https://user:pw@h/v1"), "https://h/v1");
}

}  // namespace
}  // namespace fw::modelops

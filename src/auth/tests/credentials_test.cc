#include "auth/credentials.h"

#include <gtest/gtest.h>

#include "auth/secret.h"
#include "codec/base64.h"

namespace fw::auth {
namespace {

const std::string kKey = "fw-0123456789ab-" + std::string(64, 'c');

TEST(Secret, HasItsIdAndTwoHundredFiftySixBitsAndIsNeverTheSame) {
  const Secret one = make_secret(), other = make_secret();
  EXPECT_TRUE(is_secret(one.text));
  EXPECT_EQ(id_of_secret(one.text), one.id);
  EXPECT_EQ(one.text.size(), 3U + 12 + 1 + 64);
  EXPECT_NE(one.text, other.text);
  EXPECT_NE(hash_of_secret(one.text), hash_of_secret(other.text));
}

TEST(Secret, WhatHasAnotherFormIsNone) {
  for (const std::string& text :
       {std::string(), std::string("sk-abc"), kKey + "c", "fw-0123456789AB-" + std::string(64, 'c'),
        "fw-0123456789ab_" + std::string(64, 'c')}) {
    EXPECT_FALSE(is_secret(text)) << text;
  }
}

TEST(Credentials, AKeyIsFoundWhereverClientsPutIt) {
  const std::string bare(64, 'c');
  const net::Headers ways[] = {
      {{"Authorization", "Bearer " + kKey}},
      {{"authorization", "bearer   " + kKey}},
      {{"X-Flywheel-Key", kKey}},
      {{"x-api-key", kKey}},
      {{"api-key", kKey}},
      {{"Authorization", "ApiKey " + codec::base64_encode("0123456789ab:" + bare)}},
      {{"Authorization", "ApiKey " + codec::base64_encode("0123456789ab:" + kKey)}},
      {{"Authorization", "ApiKey " + kKey}},
      {{"Authorization", "Basic " + codec::base64_encode("shop:" + kKey)}},
  };
  for (const auto& headers : ways) EXPECT_EQ(secret_in(headers), kKey) << headers.begin()->value;
}

TEST(Credentials, OtherPeoplesSecretsAreNoneOfOurs) {
  const net::Headers ways[] = {
      {{"Authorization", "Bearer sk-live"}},
      {{"Authorization", "Basic " + codec::base64_encode("elastic:changeme")}},
      {{"Authorization", "Basic %%%"}},
      {{"x-api-key", "sk-ant"}},
      {{"x-flywheel-key", "fw-short"}, {"Authorization", "Bearer " + kKey}},
  };
  for (const auto& headers : ways) EXPECT_FALSE(secret_in(headers)) << headers.begin()->value;
}

TEST(Credentials, OursAreTakenOutAndTheUpstreamsStay) {
  net::Headers headers{{"Authorization", "Bearer sk-live"}, {"x-flywheel-key", kKey}, {"Accept", "*/*"}};
  remove_secrets(headers);
  EXPECT_EQ(headers, (net::Headers{{"Authorization", "Bearer sk-live"}, {"Accept", "*/*"}}));
  net::Headers twice{{"Authorization", "Bearer " + kKey}, {"api-key", kKey}, {"x-api-key", "sk-ant"}};
  remove_secrets(twice);
  EXPECT_EQ(twice, (net::Headers{{"x-api-key", "sk-ant"}}));
}

}  // namespace
}  // namespace fw::auth

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config/config.h"

namespace fw::app {
namespace {

using testing::HasSubstr;

Result<Config> parse(const std::string& text) {
  return parse_config(text + "\nnims: [{model_name: m, path: m.gguf}]\n", "config.yaml", "/etc",
                      [](const std::string&) { return std::string(); });
}

std::string error_of(const std::string& text) {
  const auto config = parse(text);
  return config.ok() ? "" : config.error().message;
}

TEST(AuthSection, ReadsTheProxyAndItsPeople) {
  const auto config = parse(
      "auth: {proxy_header: X-Forwarded-User, allowed: [10.0.0.2, \"::1\"], role: viewer, roles: {ada: admin}, "
      "session_idle_minutes: 5}");
  ASSERT_TRUE(config.ok()) << config.error();
  const auto& proxy = config->auth.proxy;
  EXPECT_EQ(proxy.header, "X-Forwarded-User");
  EXPECT_EQ(proxy.addresses.size(), 2U);
  EXPECT_EQ(proxy.role, auth::Role::kViewer);
  EXPECT_EQ(proxy.roles.at("ada"), auth::Role::kAdmin);
  EXPECT_EQ(config->auth.session_idle, std::chrono::minutes(5));
}

TEST(AuthSection, WhatAnybodyCouldClaimIsAnError) {
  EXPECT_THAT(error_of("auth: {proxy_header: X-User, role: viewer}"), HasSubstr("auth.allowed: is missing"));
  EXPECT_THAT(error_of("auth: {proxy_header: X-User, allowed: [proxy.local], role: viewer}"),
              HasSubstr("no IP address"));
  EXPECT_THAT(error_of("auth: {proxy_header: X-User, allowed: [10.0.0.2]}"), HasSubstr("auth.role: is missing"));
  EXPECT_THAT(error_of("auth: {role: boss}"), HasSubstr("no role"));
  EXPECT_THAT(
      error_of("auth: {proxy_header: X-User, allowed: [10.0.0.2], roles: {ada: admin, bob: viewer, ADA: viewer}}"),
      HasSubstr("\"ada\" and \"ADA\" are taken for one person"));
}

TEST(AuthSection, AProxyNamesNobodyInAHeaderThatClientsWrite) {
  const auto error = [](const std::string& header) {
    return error_of("auth: {proxy_header: '" + header + "', allowed: [10.0.0.2], role: viewer}");
  };
  for (const char* header : {"Host", "cookie", "AUTHORIZATION", "x-flywheel-key"}) {
    EXPECT_THAT(error(header), HasSubstr("auth.proxy_header: " + std::string(header) + " says something else"))
        << header;
  }
  for (const char* header : {"X Forwarded", "X-User:", "Bj\xc3\xb6rn"}) {
    EXPECT_THAT(error(header), HasSubstr("is no name of a header")) << header;
  }
  EXPECT_EQ(error("X-Forwarded-User"), "");
}

}  // namespace
}  // namespace fw::app

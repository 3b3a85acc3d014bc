#include "app/config/configuration_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fw::app {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const std::string kCandidate = "nims: [{model_name: m, url: 'http://example.com/v1'}]\n";

Json shown(const std::string& yaml, const std::vector<Setting>& overridden = {}) {
  auto config = parse_config(yaml, "flywheel.yaml", "", [](const std::string&) { return std::string("sk-secret"); });
  EXPECT_TRUE(config.ok()) << (config.ok() ? "" : config.error().message);
  return config.ok() ? Json::parse(configuration_json(*config, overridden)) : Json();
}

Json find(const Json& all, const std::string& path) {
  for (const auto& each : all.at("settings")) {
    if (each.at("path") == path) return each;
  }
  return nullptr;
}

TEST(ConfigurationJson, AValueOfTheFileNamesItsLine) {
  const Json all = shown(kCandidate + "data_split_config:\n  eval_size: 40\n");
  EXPECT_EQ(find(all, "data_split_config.eval_size"),
            Json({{"path", "data_split_config.eval_size"}, {"value", "40"}, {"source", "file"}, {"line", 3}}));
}

TEST(ConfigurationJson, WhatTheFileLacksIsThereWithItsDefault) {
  const Json all = shown(kCandidate);
  EXPECT_EQ(find(all, "server.port"),
            Json({{"path", "server.port"}, {"value", "8000"}, {"source", "default"}, {"line", nullptr}}));
  EXPECT_EQ(find(all, "data_split_config.val_ratio")["source"], "default");
  EXPECT_EQ(find(all, "gateway.port")["value"], "8001");
  EXPECT_EQ(find(all, "promotion.gates.errors")["value"], "0.02");
  EXPECT_EQ(find(all, "auth.session_idle_minutes")["source"], "default");
  EXPECT_EQ(find(all, "training_config.epochs")["source"], "default");
}

TEST(ConfigurationJson, TheCommandLineGoesBeforeTheFile) {
  const Json all = shown(kCandidate + "server: {port: 9000}\n", {{"server.port", "0"}});
  EXPECT_EQ(find(all, "server.port")["value"], "0");
  EXPECT_EQ(find(all, "server.port")["source"], "command_line");
}

TEST(ConfigurationJson, AServiceWithoutAFileRunsWithDefaults) {
  const Json all = Json::parse(configuration_json(Config{}, {}));
  EXPECT_EQ(all["file"], nullptr);
  EXPECT_EQ(find(all, "review.open")["value"], "promising");
}

TEST(ConfigurationJson, HoldsNoSecret) {
  const std::string yaml = R"(
nims:
  - {model_name: m, url: "http://example.com/v1", api_key_env: KEY, headers: {x-token: t0ken}, query: {sig: s1gnature}}
webhooks:
  - {url: "https://hooks.example.com/services/T0/k3y", secret_env: HOOK}
)";
  const std::string all = shown(yaml).dump();
  for (const char* secret : {"t0ken", "s1gnature", "k3y", "sk-secret"}) EXPECT_THAT(all, Not(HasSubstr(secret)));
  EXPECT_THAT(all, HasSubstr("http://example.com/v1"));
  EXPECT_THAT(all, HasSubstr("https://hooks.example.com/"));
  EXPECT_THAT(all, HasSubstr("\"KEY\""));
}

}  // namespace
}  // namespace fw::app

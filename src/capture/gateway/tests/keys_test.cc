#include <nlohmann/json.hpp>

#include <gtest/gtest.h>
#include "auth/guard.h"
#include "capture/gateway/labels.h"
#include "capture/gateway/refusal.h"

namespace fw::capture {
namespace {

using Json = nlohmann::json;

auth::Caller caller(std::string tenant, std::vector<std::string> workloads) {
  auth::Caller out;
  out.via = auth::Via::kKey;
  out.key_id = "0123456789ab";
  out.tenant = std::move(tenant);
  out.workloads = std::move(workloads);
  return out;
}

Labels labels(const net::Headers& headers, const auth::Caller& who) {
  RequestScanner scanner;
  std::string body = R"({"user": "u1", "metadata": {"client_id": "claimed"}})";
  return labels_of("/v1/chat/completions", headers, scanner.scan(body, false), {}, who);
}

TEST(KeysOfTheGateway, TheTenantIsTheClientWhateverElseIsSaid) {
  const auto found = labels({{"x-flywheel-client", "also-claimed"}}, caller("acme", {}));
  EXPECT_EQ(*found.client, "acme");
  EXPECT_EQ(found.key, "0123456789ab");
  EXPECT_EQ(*labels({{"x-flywheel-client", "said"}}, caller("", {})).client, "said");
}

TEST(KeysOfTheGateway, TheOneWorkloadOfAKeyNamesWhatDoesNotNameItself) {
  EXPECT_EQ(*labels({}, caller("", {"router"})).workload, "router");
  EXPECT_EQ(*labels({}, caller("", {"router", "other"})).workload, "untagged");
  EXPECT_EQ(*labels({{"x-flywheel-workload", "other"}}, caller("", {"router"})).workload, "other");
}

TEST(KeysOfTheGateway, ARefusalIsInTheFormOfTheClientThatAsked) {
  const auth::Refusal limited{.status = 429, .message = "too much", .wait = std::chrono::milliseconds(1200)};
  const auto openai = refusal_of("/v1/chat/completions", limited);
  EXPECT_EQ(Json::parse(openai.body)["error"]["code"], "rate_limit_exceeded");
  EXPECT_EQ(openai.headers.find("Retry-After"), "2");
  const auto anthropic = refusal_of("/v1/messages", {.status = 401, .message = "no"});
  EXPECT_EQ(anthropic.status, 401);
  EXPECT_EQ(Json::parse(anthropic.body)["error"]["type"], "authentication_error");
}

}  // namespace
}  // namespace fw::capture

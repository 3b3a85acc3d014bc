#include <nlohmann/json.hpp>

#include "api/health.h"
#include "api/interactions.h"
#include "api/routes.h"
#include "capture/gateway/tests/gateway_fixture.h"
#include "io/file.h"
#include "net/router.h"

namespace fw::api {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

/// The resources that are about live traffic, over a gateway with one upstream.
class GatewayResources : public capture::GatewayTest {
 protected:
  GatewayResources() {
    routes_file_ = std::filesystem::temp_directory_path() / ("routes-" + random_hex(6) + ".json");
    upstream.answers(200, R"({"model":"m","choices":[]})");
    serve();
    audit_ = std::move(audit::AuditLog::open(folder_.path(), clock)).value();
    routes_ = std::make_unique<RoutesResource>(gateway.get(), routes_file_, disk, audit_.get());
    routes_->add_to(router_);
    interactions_.add_to(router_);
    health_.add_to(router_);
    api_ = std::make_unique<net::Server>(loops, net::ServerOptions{}, router_.handler());
    EXPECT_TRUE(api_->start().ok());
  }
  ~GatewayResources() override {
    api_->stop_blocking(std::chrono::seconds(1));
    std::filesystem::remove(routes_file_);
  }

  net::Response ask(net::Method method, std::string path, std::string body = {}) {
    auto answer = run(client.send({.method = method, .target = api_->url() + path, .body = std::move(body)},
                                  Deadline::after(std::chrono::seconds(5))));
    EXPECT_TRUE(answer.ok()) << answer.error();
    return answer.ok() ? std::move(*answer) : net::Response{};
  }

  io::TemporaryFolder folder_;
  std::unique_ptr<audit::AuditLog> audit_;
  std::filesystem::path routes_file_;
  ListenerState gateway_{.name = "gateway", .url = "", .trouble = "port 8001 is in use"};
  net::Router router_;
  InteractionsResource interactions_{store, disk, nullptr};
  HealthResource health_{[] { return Status{}; }, [this] { return std::vector<ListenerState>{gateway_}; }, store,
                         clock};
  std::unique_ptr<RoutesResource> routes_;
  std::unique_ptr<net::Server> api_;
};

TEST_F(GatewayResources, RoutesArePutAtOnceAndKept) {
  const std::string table =
      R"({"routes":[{"name":"r","model":"gpt-*","targets":[{"upstream":"main","model":"small","variant":"canary"}]}]})";
  const auto put = ask(net::Method::kPut, "/api/routes", table);
  EXPECT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(gateway->routes()->routes().front().targets.front().variant, "canary");
  EXPECT_EQ(ask(net::Method::kGet, "/api/routes").body, put.body);
  EXPECT_EQ(io::read_file(routes_file_, 1 << 20).value(), put.body);
}

TEST_F(GatewayResources, WhoSetsRoutesIsInTheAuditLogFirst) {
  const Timestamp before = clock.now();
  EXPECT_FALSE(are_new_routes(*audit_, *gateway->routes())) << "there are none";
  const std::string table = R"({"routes":[{"name":"r","targets":[{"upstream":"main","model":"small"}]}]})";
  ASSERT_EQ(ask(net::Method::kPut, "/api/routes", table).status, 200);
  EXPECT_FALSE(are_new_routes(*audit_, *gateway->routes()));
  ASSERT_EQ(ask(net::Method::kPut, "/api/routes", R"({"routes":[]})").status, 200);
  const auto entries = audit_->entries(0, 10);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].event.action, "routes.set");
  EXPECT_EQ(entries[0].event.subject, "routes");
  EXPECT_EQ(Json::parse(entries[0].event.details)["routes"], 1);
  EXPECT_NE(Json::parse(entries[0].event.details)["digest"], Json::parse(entries[1].event.details)["digest"]);
  const auto held = [this](Timestamp from, Timestamp to) { return noted_routes(*audit_, from, to).size(); };
  EXPECT_EQ(held(before, before), 0U);
  EXPECT_EQ(held(before, clock.now()), 2U);
  EXPECT_EQ(held(entries[1].at, clock.now()), 1U) << "the one that held at the beginning";
}

TEST_F(GatewayResources, RoutesThatLeadNowhereChangeNothing) {
  const auto put = ask(net::Method::kPut, "/api/routes", R"({"routes":[{"name":"r","targets":[{"upstream":"x"}]}]})");
  EXPECT_GE(put.status, 400);
  EXPECT_THAT(put.body, HasSubstr("no upstream"));
  EXPECT_TRUE(gateway->routes()->routes().empty());
  EXPECT_FALSE(std::filesystem::exists(routes_file_));
  EXPECT_EQ(audit_->last_number(), 0U);
}

TEST_F(GatewayResources, InteractionsAreLogDocuments) {
  chat(R"({ "model":"m", "n":1.0})", {{"x-flywheel-workload", "router"}, {"x-flywheel-tags", "env=prod"}});
  records(1);
  const auto page = Json::parse(ask(net::Method::kGet, "/api/interactions").body);
  ASSERT_EQ(page["interactions"].size(), 1U);
  const auto& one = page["interactions"][0];
  EXPECT_EQ(one["workload_id"], "router");
  EXPECT_EQ(one["request"]["n"], 1.0);
  EXPECT_EQ(one["flywheel"]["ending"], "finished");
  EXPECT_EQ(one["flywheel"]["tags"][0], "env=prod");
  EXPECT_FALSE(Json::parse(ask(net::Method::kGet, "/api/interactions?content=false").body)["interactions"][0].contains(
      "request"));
  EXPECT_GE(ask(net::Method::kGet, "/api/interactions?limit=0").status, 400);
}

TEST_F(GatewayResources, ReadinessSaysWhichListenerIsOff) {
  const auto ready = ask(net::Method::kGet, "/readyz");
  EXPECT_EQ(ready.status, 200);
  const auto listener = Json::parse(ready.body)["listeners"][0];
  EXPECT_TRUE(listener["url"].is_null());
  EXPECT_THAT(listener["trouble"].get<std::string>(), HasSubstr("in use"));
}

}  // namespace
}  // namespace fw::api

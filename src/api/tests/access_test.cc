#include "api/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "api/keys.h"
#include "api/openapi.h"
#include "api/session.h"
#include "async/run_blocking.h"
#include "audit/audit_log.h"
#include "auth/secret.h"
#include "io/file.h"
#include "metastore/sqlite_store.h"
#include "net/client.h"

namespace fw::api {
namespace {

using auth::Role;
using Json = nlohmann::ordered_json;
using net::Method;
using testing::HasSubstr;
using namespace std::chrono_literals;

TEST(NeededRole, FollowsWhatARequestDoes) {
  EXPECT_EQ(needed_role(Method::kGet, "/api/jobs"), Role::kViewer);
  EXPECT_EQ(needed_role(Method::kPost, "/api/jobs"), Role::kOperator);
  EXPECT_EQ(needed_role(Method::kPost, "/api/records"), Role::kOperator);
  EXPECT_EQ(needed_role(Method::kPost, "/api/reviews/r/items/i/labels"), Role::kReviewer);
  EXPECT_EQ(needed_role(Method::kPost, "/api/promotions"), Role::kOperator);
  EXPECT_EQ(needed_role(Method::kPost, "/api/promotions/p/sign"), Role::kReviewer);
  EXPECT_EQ(needed_role(Method::kPost, "/api/promotions/p/start_canary"), Role::kOperator);
  EXPECT_EQ(needed_role(Method::kPost, "/api/promotions/p/start_shadow"), Role::kOperator);
  EXPECT_EQ(needed_role(Method::kGet, "/api/promotions/p/pairs"), Role::kViewer);
  EXPECT_EQ(needed_role(Method::kPost, "/api/feedback"), Role::kReviewer);
  for (const char* path : {"/metrics", "/metrics/", "/api/jobs/"})
    EXPECT_EQ(needed_role(Method::kGet, path), Role::kViewer) << path;
  EXPECT_EQ(needed_role(Method::kPost, "/api/promotions/p/sign/"), Role::kReviewer);
  EXPECT_EQ(needed_role(Method::kGet, "/api/keys"), Role::kAdmin);
  EXPECT_EQ(needed_role(Method::kGet, "/api/log/export"), Role::kViewer);
  EXPECT_EQ(needed_role(Method::kGet, "/api/log/verification"), Role::kOperator);
  EXPECT_EQ(needed_role(Method::kGet, "/api/audit"), Role::kAdmin);
  EXPECT_EQ(needed_role(Method::kGet, "/api/routes"), Role::kViewer);
  EXPECT_EQ(needed_role(Method::kPut, "/api/routes"), Role::kAdmin);
  EXPECT_EQ(needed_role(Method::kGet, "/metrics"), Role::kViewer);
  EXPECT_EQ(needed_role(Method::kGet, "/"), std::nullopt);
  EXPECT_EQ(needed_role(Method::kPost, "/api/session"), std::nullopt);
}

TEST(HasAddressOf, AnIpv4AddressIsWhatAnIpv6SocketMakesOfIt) {
  const std::vector<std::string> proxies{"127.0.0.1", "0:0:0:0:0:0:0:1"};
  for (const char* peer : {"127.0.0.1:4711", "[::ffff:127.0.0.1]:4711", "[::1]:4711"}) {
    EXPECT_TRUE(has_address_of(peer, proxies)) << peer;
  }
  for (const char* peer : {"127.0.0.2:1", "[::ffff:127.0.0.2]:1", "[::127.0.0.1]:1", "[::]:1", "", "["}) {
    EXPECT_FALSE(has_address_of(peer, proxies)) << peer;
  }
  EXPECT_TRUE(has_address_of("127.0.0.1:1", {"::ffff:127.0.0.1"}));
}

TEST(NeededRole, NothingOfTheApiIsOpenButSigningIn) {
  const Json document = Json::parse(openapi_document());
  for (const auto& [path, operations] : document["paths"].items()) {
    if (!path.starts_with("/api/") || path == "/api/session") continue;
    for (const Method method : {Method::kGet, Method::kPost, Method::kPut, Method::kDelete}) {
      EXPECT_TRUE(needed_role(method, path)) << path;
    }
  }
}

/// The resources of keys and sessions behind Access, and two that say who calls.
class AccessTest : public testing::Test {
 protected:
  AccessTest() { begin({}); }
  ~AccessTest() override {
    server_->stop_blocking(1s);
    client_.reset();
    work_.reset();
    thread_.join();
  }
  void begin(auth::Settings settings) {
    if (server_) server_->stop_blocking(1s);
    access_ = std::make_unique<Access>(*keyring_, std::move(settings), clock_);
    router_ = std::make_unique<net::Router>();
    session_ = std::make_unique<SessionResource>(*access_, true);
    session_->add_to(*router_);
    keys_.add_to(*router_);
    const auto whoami = [](net::Call call) -> Task<Result<net::Response>> {
      const auto& caller = auth::caller_of(call);
      co_return net::text_response(200, person_of(call, "whoever") + ' ' + std::string(to_string(caller.role)));
    };
    router_->on(Method::kGet, "/api/whoami", whoami);
    router_->on(Method::kPost, "/api/jobs", whoami);
    server_ =
        std::make_unique<net::Server>(io_.get_executor(), net::ServerOptions{}, access_->guarded(router_->handler()));
    EXPECT_TRUE(server_->start().ok());
  }
  net::Response send(Method method, const std::string& path, net::Headers headers = {}, std::string body = "") {
    net::Request request{
        .method = method, .target = server_->url() + path, .headers = std::move(headers), .body = std::move(body)};
    auto response = run_blocking(client_->send(std::move(request), Deadline::after(20s)));
    EXPECT_TRUE(response.ok()) << (response.ok() ? "" : response.error().message);
    return response.ok() ? *response : net::Response{};
  }
  std::string make(const std::string& name, Role role) {
    auth::Key key;
    key.name = name;
    key.role = role;
    key.listeners = {auth::ListenerName::kControl};
    return keyring_->create(key).value().secret;
  }
  static net::Headers bearer(const std::string& secret) { return {{"Authorization", "Bearer " + secret}}; }

  io::TemporaryFolder folder_;
  SystemClock clock_;
  std::unique_ptr<metastore::SqliteStore> meta_ =
      metastore::SqliteStore::open(folder_.path() / "metadata.sqlite").value();
  std::unique_ptr<auth::Keyring> keyring_ = auth::Keyring::open(meta_->keys(), clock_).value();
  std::unique_ptr<audit::AuditLog> audit_ = audit::AuditLog::open(folder_.path() / "audit", clock_).value();
  boost::asio::io_context io_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_{io_.get_executor()};
  std::thread thread_{[this] { io_.run(); }};
  Pool disk_{"disk", 1};
  KeysResource keys_{*keyring_, audit_.get(), disk_};
  std::unique_ptr<Access> access_;
  std::unique_ptr<SessionResource> session_;
  std::unique_ptr<net::Router> router_;
  std::unique_ptr<net::Server> server_;
  std::optional<net::Client> client_{io_.get_executor()};
};

TEST_F(AccessTest, WithoutAnyKeyWhoeverReachesItIsAdminAndTheSessionSaysSo) {
  EXPECT_EQ(send(Method::kGet, "/api/whoami").body, "whoever admin");
  const Json session = Json::parse(send(Method::kGet, "/api/session").body);
  EXPECT_EQ(session["is_needed"], false);
  EXPECT_EQ(session["via"], "nothing");
  EXPECT_EQ(session["role"], "admin");
}

TEST_F(AccessTest, FromTheFirstKeyOnItIsAskedForAndItsNameIsTheOneWhoActs) {
  const auto made =
      send(Method::kPost, "/api/keys", {}, R"({"name": "ada", "role": "admin", "listeners": ["control"]})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string secret = Json::parse(made.body)["secret"];
  const auto refused = send(Method::kGet, "/api/whoami");
  EXPECT_EQ(refused.status, 401);
  EXPECT_THAT(refused.body, HasSubstr("FLYWHEEL_KEY"));
  EXPECT_EQ(send(Method::kGet, "/api/whoami", bearer(secret)).body, "ada admin");
  EXPECT_EQ(send(Method::kGet, "/api/keys", bearer(secret)).body.find(secret), std::string::npos);
  const auto entries = audit_->entries(0, 10);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].event.action, "keys.create");
  EXPECT_EQ(entries[0].event.details.find(secret), std::string::npos);
}

TEST_F(AccessTest, ARoleDoesWhatItMayAndARevokedKeyNothing) {
  const auto admin = make("ada", Role::kAdmin), viewer = make("vic", Role::kViewer),
             oper = make("ola", Role::kOperator);
  EXPECT_EQ(send(Method::kGet, "/api/whoami", bearer(viewer)).status, 200);
  const auto refused = send(Method::kPost, "/api/jobs", bearer(viewer));
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("the role operator; vic is viewer"));
  EXPECT_EQ(send(Method::kPost, "/api/jobs", bearer(oper)).body, "ola operator");
  EXPECT_EQ(send(Method::kGet, "/api/keys", bearer(oper)).status, 403);
  const std::string id(auth::id_of_secret(oper));
  ASSERT_EQ(send(Method::kDelete, "/api/keys/" + id, bearer(admin)).status, 200);
  EXPECT_EQ(send(Method::kPost, "/api/jobs", bearer(oper)).status, 401);
  EXPECT_EQ(audit_->entries(0, 10).back().event.person, "ada");
}

TEST_F(AccessTest, WhoSignsInHasACookieForReadingAndATokenForWriting) {
  const auto admin = make("ada", Role::kAdmin);
  EXPECT_EQ(send(Method::kPost, "/api/session", {}, R"({"key": "fw-wrong"})").status, 401);
  const auto opened = send(Method::kPost, "/api/session", {}, R"({"key": ")" + admin + "\"}");
  ASSERT_EQ(opened.status, 200) << opened.body;
  const std::string set(opened.headers.find("Set-Cookie").value_or(""));
  for (const char* flag : {"HttpOnly", "SameSite=Strict", "Secure", "Path=/"}) EXPECT_THAT(set, HasSubstr(flag));
  const std::string cookie = "other=1; " + set.substr(0, set.find(';'));
  const Json session = Json::parse(send(Method::kGet, "/api/session", {{"Cookie", cookie}}).body);
  EXPECT_EQ(session["via"], "session");
  EXPECT_EQ(session["person"], "ada");
  EXPECT_EQ(send(Method::kGet, "/api/whoami", {{"Cookie", cookie}}).body, "ada admin");
  EXPECT_EQ(send(Method::kPost, "/api/jobs", {{"Cookie", cookie}}).status, 403) << "another site's form";
  const std::string token = session["csrf"];
  EXPECT_EQ(send(Method::kPost, "/api/jobs", {{"Cookie", cookie}, {"X-Flywheel-Csrf", token}}).body, "ada admin");
  EXPECT_EQ(send(Method::kDelete, "/api/session", {{"Cookie", cookie}}).status, 200);
  EXPECT_EQ(send(Method::kGet, "/api/whoami", {{"Cookie", cookie}}).status, 401);
}

TEST_F(AccessTest, ASessionEndsWithItsKey) {
  const auto admin = make("ada", Role::kAdmin);
  const auto opened = send(Method::kPost, "/api/session", {}, R"({"key": ")" + admin + "\"}");
  const std::string set(opened.headers.find("Set-Cookie").value_or(""));
  const net::Headers cookie{{"Cookie", set.substr(0, set.find(';'))}};
  ASSERT_EQ(send(Method::kGet, "/api/whoami", cookie).status, 200);
  (void)make("eve", Role::kAdmin);
  ASSERT_TRUE(keyring_->revoke(std::string(auth::id_of_secret(admin))).ok());
  EXPECT_EQ(send(Method::kGet, "/api/whoami", cookie).status, 401);
}

TEST_F(AccessTest, AProxyIsBelievedAtItsAddressAlone) {
  const net::Headers named{{"X-Forwarded-User", "ada"}};
  begin({.proxy = {.header = "X-Forwarded-User",
                   .addresses = {"127.0.0.1"},
                   .role = Role::kViewer,
                   .roles = {{"ada", Role::kAdmin}}}});
  EXPECT_EQ(send(Method::kGet, "/api/whoami", named).body, "ada admin");
  EXPECT_EQ(send(Method::kGet, "/api/whoami", {{"X-Forwarded-User", "vic"}}).body, "vic viewer");
  EXPECT_EQ(send(Method::kGet, "/api/whoami").status, 401) << "nobody is named";
  // Names that look alike: full width, another case. They are ada where it is asked who signs, and get no role of hers.
  for (const std::string alike : {"Ada", "ADA", "\uff41\uff44\uff41"}) {
    EXPECT_EQ(send(Method::kGet, "/api/whoami", {{"X-Forwarded-User", alike}}).body, alike + " viewer");
  }
  const auto itself = send(Method::kGet, "/api/whoami", {{"X-Forwarded-User", "Flywheel"}});
  EXPECT_EQ(itself.status, 403);
  EXPECT_THAT(itself.body, HasSubstr("the service calls itself"));
  EXPECT_EQ(send(Method::kGet, "/api/whoami", {{"X-Forwarded-User", "a\u202eb"}}).status, 403);
  const auto twice = send(Method::kGet, "/api/whoami", {{"X-Forwarded-User", "ada"}, {"x-forwarded-user", "vic"}});
  EXPECT_EQ(twice.status, 403) << "a proxy that appends lets the outside choose the first";
  EXPECT_THAT(twice.body, HasSubstr("remove what comes from outside"));
  begin({.proxy = {.header = "X-Forwarded-User", .addresses = {"10.0.0.2"}, .role = Role::kAdmin}});
  EXPECT_EQ(send(Method::kGet, "/api/whoami", named).status, 401);
}

}  // namespace
}  // namespace fw::api

#include "api/discovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "async/run_blocking.h"
#include "discovery/labelled_log_store.h"
#include "io/file.h"
#include "logstore/rocksdb/rocksdb_log_store.h"
#include "net/client.h"
#include "net/server.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;
using net::Method;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr const char* kDiscovery = "/api/workloads/discovery";
constexpr const char* kAccepted = "/api/workloads/accepted";

/// The resource over a real store, behind a real server.
class DiscoveryResourceTest : public testing::Test {
 protected:
  DiscoveryResourceTest() {
    audit_ = std::move(audit::AuditLog::open(folder_.path() / "audit", clock_)).value();
    resource_ = std::make_unique<DiscoveryResource>(desk_, audit_.get(), disk_);
    resource_->add_to(router_);
    server_ = std::make_unique<net::Server>(io_.get_executor(), net::ServerOptions{}, router_.handler());
    EXPECT_TRUE(server_->start().ok());
    std::vector<record::Interaction> records;
    for (int i = 0; i < 40; ++i) {
      const std::string system = i % 2 == 0 ? "You route messages to a department." : "You sum up what was said.";
      records.push_back({.id = record::RecordId("r" + std::to_string(i)),
                         .workload = record::WorkloadId("untagged"),
                         .client = record::ClientId("shop"),
                         .timestamp = from_epoch_seconds(1'732'460'000 + i),
                         .request = R"({"model":"big","messages":[{"role":"system","content":")" + system +
                                    R"("},{"role":"user","content":"hi"}]})",
                         .response = R"({"choices":[{"message":{"role":"assistant","content":"ok"}}]})"});
    }
    EXPECT_TRUE(log_->append(records).ok());
  }
  ~DiscoveryResourceTest() override {
    server_->stop_blocking(1s);
    client_.reset();
    work_.reset();
    thread_.join();
  }

  std::pair<int, Json> ask(Method method, const std::string& path, const std::string& body = "") {
    auto answer =
        run_blocking(client_->send(net::json_request(method, server_->url() + path, body), Deadline::after(20s)));
    EXPECT_TRUE(answer.ok());
    if (!answer.ok()) return {0, {}};
    return {answer->status, Json::parse(answer->body, nullptr, false)};
  }
  Json found() {
    EXPECT_EQ(ask(Method::kPost, kDiscovery).first, 202);
    Json state = ask(Method::kGet, kDiscovery).second;
    for (; state["status"] == "running"; state = ask(Method::kGet, kDiscovery).second) std::this_thread::yield();
    EXPECT_EQ(state["status"], "done") << state;
    return state["found"];
  }

  io::TemporaryFolder folder_;
  SystemClock clock_;
  std::unique_ptr<discovery::AcceptedRules> rules_ =
      discovery::AcceptedRules::open(folder_.path() / "rules.json", "untagged").value();
  std::unique_ptr<logstore::LogStore> log_ =
      discovery::labelled(logstore::open_rocksdb_log_store(folder_.path() / "log").value(), *rules_);
  discovery::Desk desk_{*log_, *rules_};
  std::unique_ptr<audit::AuditLog> audit_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  std::thread thread_{[this] { io_.run(); }};
  Pool disk_{"disk", 2};
  net::Router router_;
  std::unique_ptr<DiscoveryResource> resource_;
  std::unique_ptr<net::Server> server_;
  std::unique_ptr<net::Client> client_ = std::make_unique<net::Client>(io_.get_executor());
};

TEST_F(DiscoveryResourceTest, WorkloadsAreFoundAcceptedAndNamed) {
  EXPECT_EQ(ask(Method::kGet, kDiscovery).second["status"], "none");
  const Json workloads = found()["workloads"];
  ASSERT_EQ(workloads.size(), 2U);
  EXPECT_EQ(workloads[0]["records"], 20);
  EXPECT_EQ(workloads[0]["share"], 0.5);
  EXPECT_EQ(workloads[0]["clients"]["shop"], 20);
  EXPECT_EQ(workloads[0]["answers"]["text"], 20);
  EXPECT_EQ(workloads[0]["examples"].size(), 3U);
  const std::string name = workloads[0]["name"];
  const auto [status, accepted] =
      ask(Method::kPost, kAccepted, Json{{"names", Json::array({name})}, {"as", "mine"}}.dump());
  EXPECT_EQ(status, 200) << accepted;
  EXPECT_EQ(accepted["rules"][0]["workload"], "mine");
  EXPECT_EQ(ask(Method::kGet, kAccepted).second["accepted"][0]["rules"].size(), 1U);
  const auto applied = ask(Method::kPost, "/api/workloads/accepted/apply", R"({"workload_id":"untagged"})").second;
  EXPECT_EQ(applied["moved"], 20);
  EXPECT_TRUE(applied["next_cursor"].is_null());
  EXPECT_EQ(log_->workloads()->at(0).workload, record::WorkloadId("mine"));
  EXPECT_EQ(log_->workloads()->at(0).records, 20U);
  EXPECT_EQ(ask(Method::kDelete, "/api/workloads/accepted/mine").second["removed_rules"], 1);
  EXPECT_EQ(ask(Method::kDelete, "/api/workloads/accepted/mine").first, 404);
  const auto entries = audit_->entries(0, 10);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].event.action, "workloads.accept");
  EXPECT_EQ(entries[0].event.subject, "mine");
  EXPECT_EQ(entries[1].event.action, "workloads.forget");
  // As an erasure does.
  desk_.forget_contents();
  const Json left = ask(Method::kGet, kDiscovery).second["found"]["workloads"];
  ASSERT_EQ(left.size(), workloads.size());
  EXPECT_EQ(left[0]["name"], workloads[0]["name"]);
  for (const auto& one : left) {
    EXPECT_TRUE(one["examples"].empty());
    EXPECT_EQ(one["prompt"], "");
  }
}

TEST_F(DiscoveryResourceTest, WhatCannotBeMeantIsRefused) {
  EXPECT_EQ(ask(Method::kPost, kAccepted, R"({"names":["x"]})").first, 400);  // nothing was looked for yet
  found();
  const auto [status, body] = ask(Method::kPost, kAccepted, R"({"names":["nobody"]})");
  EXPECT_EQ(status, 404);
  EXPECT_THAT(body.dump(), HasSubstr("nobody"));
  EXPECT_EQ(ask(Method::kPost, kAccepted, R"({"names":[]})").first, 422);
  EXPECT_EQ(ask(Method::kPost, kAccepted, R"({"names":[1]})").first, 422);
  EXPECT_EQ(ask(Method::kPost, kDiscovery, "[]").first, 422);
  EXPECT_EQ(ask(Method::kPost, kDiscovery, R"({"workload_id":7})").first, 422);
  EXPECT_EQ(ask(Method::kPost, "/api/workloads/accepted/apply", R"({"workload_id":"untagged","cursor":"x"})").first,
            400);
}

TEST_F(DiscoveryResourceTest, AWorkloadWithoutRecordsHasNothingToPropose) {
  EXPECT_EQ(ask(Method::kPost, kDiscovery, R"({"workload_id":"nothing"})").first, 202);
  Json state = ask(Method::kGet, kDiscovery).second;
  for (; state["status"] == "running"; state = ask(Method::kGet, kDiscovery).second) std::this_thread::yield();
  EXPECT_EQ(state["status"], "done");
  EXPECT_EQ(state["found"]["records"], 0);
  EXPECT_TRUE(state["found"]["workloads"].empty());
}

}  // namespace
}  // namespace fw::api

#include "discovery/labelled_log_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "capture/gateway/labels.h"
#include "discovery/desk.h"
#include "discovery/discover.h"
#include "io/file.h"
#include "logstore/read.h"
#include "logstore/rocksdb/rocksdb_log_store.h"

namespace fw::discovery {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class LabelledLogStore : public testing::Test {
 protected:
  LabelledLogStore() { open(); }

  void open() {
    log_.reset();
    rules_.reset();
    auto rules = AcceptedRules::open(folder_.path() / "accepted.json", "untagged");
    ASSERT_TRUE(rules.ok()) << rules.error();
    rules_ = std::move(*rules);
    auto store = logstore::open_rocksdb_log_store(folder_.path() / "log");
    ASSERT_TRUE(store.ok()) << store.error();
    log_ = labelled(std::move(*store), *rules_);
  }

  static record::Interaction record(std::size_t number, const std::string& system,
                                    const std::string& workload = "untagged") {
    return {.id = record::RecordId("r" + std::to_string(number)),
            .workload = record::WorkloadId(workload),
            .client = record::ClientId("shop"),
            .timestamp = from_epoch_seconds(1'732'460'000 + static_cast<std::int64_t>(number)),
            .request = R"({ "messages" : [{"role":"system","content":")" + system +
                       R"("},{"role":"user","content":"hi"}], "seed": 1.50 })",
            .response = R"({"choices":[ ]})",
            .provenance = {.origin = record::Origin::kGateway, .conversation = "c"}};
  }
  void append(const std::vector<record::Interaction>& records) { ASSERT_TRUE(log_->append(records).ok()); }

  std::map<std::string, std::uint64_t> counts() {
    std::map<std::string, std::uint64_t> out;
    for (const auto& one : log_->workloads().value()) out[*one.workload] = one.records;
    return out;
  }
  std::uint64_t relabel_all() {
    std::uint64_t moved = 0;
    std::optional<logstore::Cursor> after;
    do {
      const auto done = relabel_some(*log_, *rules_, "untagged", after, Duration(0), Deadline::never());
      EXPECT_TRUE(done.ok()) << done.error();
      moved += done->moved;
      after = done->next;
    } while (after);
    return moved;
  }
  static capture::LabelRule rule(const std::string& system, const std::string& workload) {
    return {.system = system, .workload = workload};
  }

  io::TemporaryFolder folder_;
  std::unique_ptr<AcceptedRules> rules_;
  std::unique_ptr<logstore::LogStore> log_;
};

TEST_F(LabelledLogStore, WhatIsStoredIsNamedOnceAndNothingElseOfItChanges) {
  std::vector<record::Interaction> records;
  for (std::size_t i = 0; i < 1200; ++i) records.push_back(record(i, i % 3 == 0 ? "You route." : "You write."));
  append(records);
  ASSERT_TRUE(rules_->add("untagged", {rule("You route*", "router")}).ok());
  EXPECT_EQ(relabel_all(), 400U);
  EXPECT_EQ(relabel_all(), 0U);
  EXPECT_THAT(counts(), ElementsAre(Pair("router", 400U), Pair("untagged", 800U)));
  open();
  EXPECT_THAT(counts(), ElementsAre(Pair("router", 400U), Pair("untagged", 800U)));
  std::size_t seen = 0;
  ASSERT_TRUE(logstore::for_each_page(*log_, {}, logstore::Order::kOldestFirst, Deadline::never(), [&](auto page) {
                for (const auto& found : page) {
                  record::Interaction expected = records[seen++];
                  if (found.request.find("You route") != std::string::npos) {
                    expected.workload = record::WorkloadId("router");
                  }
                  EXPECT_EQ(found, expected);
                }
                return Status();
              }).ok());
  EXPECT_EQ(seen, records.size());
}

TEST_F(LabelledLogStore, WhatComesInIsNamedByWhateverWay) {
  ASSERT_TRUE(rules_->add("untagged", {rule("You route*", "router")}).ok());
  append({record(1, "You route."), record(2, "You write."), record(3, "You route.", "mine")});
  EXPECT_THAT(counts(), ElementsAre(Pair("mine", 1U), Pair("router", 1U), Pair("untagged", 1U)));
  const auto again = log_->append(std::vector{record(1, "You route.")});
  EXPECT_EQ(again->duplicates, 1U);  // its id has not changed
}

TEST_F(LabelledLogStore, RulesHoldOverARestartAndAreForgottenOnRequest) {
  ASSERT_TRUE(rules_->add("untagged", {rule("You route*", "router")}).ok());
  open();
  append({record(1, "You route.")});
  EXPECT_THAT(counts(), ElementsAre(Pair("router", 1U)));
  EXPECT_EQ(rules_->remove("router").value(), 1U);
  EXPECT_EQ(rules_->remove("router").value(), 0U);
  append({record(2, "You route.")});
  EXPECT_THAT(counts(), ElementsAre(Pair("router", 1U), Pair("untagged", 1U)));
}

TEST_F(LabelledLogStore, NothingThatComesWhileARuleIsAcceptedIsLeftBehind) {
  std::atomic<bool> is_over = false;
  std::size_t written = 0;
  std::jthread writer([&] {
    for (; !is_over; ++written) append({record(written, "You route.")});
  });
  while (counts()["untagged"] < 50) std::this_thread::yield();
  ASSERT_TRUE(rules_->add("untagged", {rule("You route*", "router")}).ok());
  relabel_all();
  is_over = true;
  writer.join();
  EXPECT_THAT(counts(), ElementsAre(Pair("router", written)));
}

TEST_F(LabelledLogStore, TheGatewayLabelsByAcceptedRulesBehindItsOwn) {
  ASSERT_TRUE(rules_->add("untagged", {rule("You route*", "router"), rule("You write*", "writer")}).ok());
  ASSERT_TRUE(rules_->add("other", {rule("*", "elsewhere")}).ok());
  capture::CaptureSettings settings;
  settings.accepted = rules_->for_untagged();
  settings.rules = {rule("You write*", "configured")};
  ASSERT_TRUE(capture::wants_system(settings));
  const auto workload = [&](const std::string& system, const net::Headers& headers = {},
                            const auth::Caller& caller = auth::Caller()) {
    std::string body = record(1, system).request;
    const auto scan = capture::RequestScanner().scan(body, true);
    return *capture::labels_of("/v1/chat/completions", headers, scan, settings, caller).workload;
  };
  EXPECT_EQ(workload("You route."), "router");
  EXPECT_EQ(workload("You write."), "configured");
  EXPECT_EQ(workload("You sing."), "untagged");
  EXPECT_EQ(workload("You route.", {{"x-flywheel-workload", "said"}}), "said");
  // A key that is for the untagged workload goes on as before: the request is not refused.
  auth::Caller caller;
  caller.workloads = {"untagged", "mine"};
  EXPECT_EQ(workload("You route.", {}, caller), "untagged");
}

TEST_F(LabelledLogStore, ADeskFindsAcceptsAndNames) {
  std::vector<record::Interaction> records;
  for (std::size_t i = 0; i < 60; ++i) records.push_back(record(i, i % 2 == 0 ? "You sort mail." : "You sum up."));
  append(records);
  Desk desk(*log_, *rules_);
  EXPECT_FALSE(desk.accept({"anything"}, "").ok());
  ASSERT_TRUE(desk.start({.source = record::WorkloadId("untagged"), .client = {}, .settings = {}}).ok());
  while (desk.state()->phase == Desk::Phase::kRunning) std::this_thread::yield();
  const auto state = desk.state();
  ASSERT_EQ(state->phase, Desk::Phase::kDone) << state->error;
  EXPECT_EQ(state->records, 60U);
  ASSERT_EQ(state->found->proposals.size(), 2U);
  const auto unknown = desk.accept({"nobody"}, "");
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(unknown.error().message, HasSubstr("nobody"));
  EXPECT_TRUE(rules_->get()->empty());
  ASSERT_TRUE(desk.accept({state->found->proposals[0].name}, "mail").ok());
  EXPECT_EQ(relabel_all(), 30U);
  EXPECT_THAT(counts(), ElementsAre(Pair("mail", 30U), Pair("untagged", 30U)));
}

TEST_F(LabelledLogStore, WhatHasExpiredIsPassedOverAndCounted) {
  std::vector<record::Interaction> records;
  for (std::size_t i = 0; i < 100; ++i) records.push_back(record(i, i % 2 == 0 ? "You sort mail." : "You sum up."));
  append(records);
  std::vector<record::Interaction> expired(records.begin(), records.begin() + 80);
  for (auto& one : expired) {
    one.request.clear();
    one.response.clear();
    one.outline.emplace();
  }
  ASSERT_EQ(log_->expire_contents(expired).value(), 80U);
  StoredTraffic traffic(*log_, {}, Deadline::never());
  std::set<std::string> seen;
  const auto visit = [&](std::span<const record::Interaction> page) -> Status {
    for (const auto& one : page) EXPECT_TRUE(one.has_content() && seen.insert(*one.id).second) << one.id;
    return {};
  };
  ASSERT_TRUE(traffic.sample(15, visit).ok());
  EXPECT_GE(seen.size(), 15U) << "more is drawn until enough is there";
  seen.clear();
  ASSERT_TRUE(traffic.scan(visit).ok());
  EXPECT_EQ(seen.size(), 20U);
  EXPECT_EQ(traffic.without_content(), 80U);
  Desk desk(*log_, *rules_);
  ASSERT_TRUE(desk.start({.source = record::WorkloadId("untagged"), .client = {}, .settings = {}}).ok());
  while (desk.state()->phase == Desk::Phase::kRunning) std::this_thread::yield();
  ASSERT_EQ(desk.state()->phase, Desk::Phase::kDone) << desk.state()->error;
  EXPECT_EQ(desk.state()->found->records, 20U);
  EXPECT_EQ(desk.state()->found->without_content, 80U);
}

TEST_F(LabelledLogStore, AWorkloadIsNotNamedAsItself) {
  const auto added = rules_->add("untagged", {rule("You*", "untagged")});
  ASSERT_FALSE(added.ok());
  EXPECT_THAT(added.error().message, HasSubstr("another name"));
}

}  // namespace
}  // namespace fw::discovery

#include "promotion/model_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <deque>
#include <set>
#include <sstream>
#include <thread>

#include "async/run_blocking.h"

namespace fw::promotion {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// Engines that come up at once, or as a test says, and die when it says so.
class FakeDeployer final : public modelops::Deployer {
 public:
  Task<Result<modelops::Deployment>> deploy(modelops::DeploymentRequest request, Deadline deadline) override {
    while (is_slow) {
      if (const auto slept = co_await sleep_for(1ms, deadline); !slept.ok()) co_return slept.error();
    }
    const std::lock_guard lock(mutex_);
    asked.push_back(request);
    const auto words = "engine " + std::to_string(asked.size()) + " of ada@example.com";
    request.log->follow([words] { return std::vector<std::string>{words}; });
    if (!failures.empty()) {
      Error error = failures.front();
      failures.pop_front();
      co_return error;
    }
    const modelops::DeploymentId id(std::to_string(asked.size()));
    live.insert(*id);
    modelops::Endpoint endpoint{
        .url = "http://fake/" + *id, .model = *id, .headers = {{"Authorization", "key " + *id}}};
    co_return modelops::Deployment{.id = id, .endpoint = std::move(endpoint), .description = "fake"};
  }
  Task<void> share_beginning(modelops::DeploymentId, std::string, Deadline) override { co_return; }
  Task<Error> failure_of(modelops::DeploymentId id, Deadline deadline) override {
    while (true) {
      if (const auto slept = co_await sleep_for(1ms, deadline); !slept.ok()) co_return slept.error();
      const std::lock_guard lock(mutex_);
      if (dead.contains(*id)) co_return unavailable("killed");
    }
  }
  /// Of HostDependencies.
  Task<Status> health(modelops::Endpoint endpoint, Deadline deadline) {
    bool answers = true;
    {
      const std::lock_guard lock(mutex_);
      ++looks;
      answers = !hung.contains(endpoint.model) && (silent_looks == 0 || silent_looks-- == 0);
    }
    if (answers) co_return Status{};
    while (true) {
      if (const auto slept = co_await sleep_for(1ms, deadline); !slept.ok()) co_return slept.error();
    }
  }
  Task<Status> undeploy(modelops::DeploymentId id) override {
    const std::lock_guard lock(mutex_);
    live.erase(*id);
    co_return Status{};
  }

  void kill(const std::string& id) {
    const std::lock_guard lock(mutex_);
    dead.insert(id);
  }
  void hang(const std::string& id) {
    const std::lock_guard lock(mutex_);
    hung.insert(id);
  }
  /// The next so many looks get no answer.
  void be_silent(int looks_to_come) {
    const std::lock_guard lock(mutex_);
    looks = 0;
    silent_looks = looks_to_come;
  }
  [[nodiscard]] int looks_since() const {
    const std::lock_guard lock(mutex_);
    return looks;
  }
  [[nodiscard]] std::set<std::string> alive() const {
    const std::lock_guard lock(mutex_);
    return live;
  }
  [[nodiscard]] std::size_t deployments() const {
    const std::lock_guard lock(mutex_);
    return asked.size();
  }

  std::atomic<bool> is_slow = false;
  mutable std::mutex mutex_;
  std::deque<Error> failures;
  std::vector<modelops::DeploymentRequest> asked;
  std::set<std::string> live, dead, hung;
  int silent_looks = 0, looks = 0;
};

class ModelHostTest : public testing::Test {
 protected:
  ModelHostTest() { host = make({}); }
  ~ModelHostTest() override { run_blocking(host->stop()); }

  std::unique_ptr<ModelHost> make(HostSettings settings) {
    settings.first_pause = 2ms;
    settings.longest_pause = 8ms;
    settings.health_interval = 5ms;
    settings.health_timeout = 5ms;
    return std::make_unique<ModelHost>(
        settings, HostDependencies{.executor = threads_.get_executor(),
                                   .deployer = deployer,
                                   .disk = disk_,
                                   .present = [this](Candidate one) -> Task<Result<Candidate>> {
                                     FW_CO_ASSIGN(one.digests, present());
                                     if (!moved_to.empty()) one.served->adapter = moved_to;
                                     co_return one;
                                   },
                                   .room = [this](const modelops::DeploymentRequest&) -> Status {
                                     if (has_room) return {};
                                     return resource_exhausted("no memory");
                                   },
                                   .health =
                                       [this](modelops::Endpoint endpoint, Deadline deadline) {
                                         return deployer.health(std::move(endpoint), std::move(deadline));
                                       },
                                   .on_change = [this] { ++changes; },
                                   .on_refused =
                                       [this](std::string id, std::optional<Digests> now, std::string why) {
                                         const std::lock_guard lock(mutex_);
                                         refused.push_back(id + (now ? " changed: " : " gone: ") + why);
                                       },
                                   .redact =
                                       [](std::string line) {
                                         const auto at = line.find("ada@");
                                         return at == line.npos ? line : line.substr(0, at) + "[email]";
                                       },
                                   .keep_words =
                                       [this](const Proposal& p, const std::vector<std::string>& lines) {
                                         const std::lock_guard lock(mutex_);
                                         kept[p.id] = lines;
                                       }});
  }
  Result<Digests> present() {
    const std::lock_guard lock(mutex_);
    return digests;
  }
  void set_present(Result<Digests> now) {
    const std::lock_guard lock(mutex_);
    digests = std::move(now);
  }
  std::vector<std::string> refusals() {
    const std::lock_guard lock(mutex_);
    return refused;
  }
  std::vector<std::string> kept_of(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto found = kept.find(id);
    return found == kept.end() ? std::vector<std::string>{} : found->second;
  }
  static Proposal proposal(const std::string& id) {
    return {.id = id,
            .candidate = {.workload = "router",
                          .client = "demo",
                          .job = "j",
                          .model = "small",
                          .variant = "customized-eval",
                          .served = ServedModel{.base = "/b", .adapter = "/a", .context_length = 512},
                          .digests = {{"adapter", "aa"}, {"base", "bb"}}},
            .stage = Stage::kLive};
  }
  template <class Claim>
  static bool comes_true(Claim claim) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!claim() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
    return claim();
  }
  bool reaches(const std::string& id, HostStage stage) {
    return comes_true([&] { return host->find(id) && host->find(id)->stage == stage; });
  }
  std::string metrics() const {
    std::ostringstream out;
    host->write_metrics(out);
    return out.str();
  }

  boost::asio::thread_pool threads_{2};
  Pool disk_{"disk", 1};
  std::mutex mutex_;
  Result<Digests> digests = Digests{{"adapter", "aa"}, {"base", "bb"}};
  std::vector<std::string> refused;
  std::map<std::string, std::vector<std::string>> kept;  ///< what engines had written, by proposal
  std::string moved_to;                                  ///< where the adapter is now
  std::atomic<bool> has_room = true;
  std::atomic<int> changes = 0;
  FakeDeployer deployer;
  std::unique_ptr<ModelHost> host;
};

TEST_F(ModelHostTest, BringsUpWhatIsOnTrafficOnceItIsStarted) {
  host->set({proposal("p-1")});
  EXPECT_EQ(host->find("p-1")->stage, HostStage::kWaiting);
  EXPECT_EQ(deployer.deployments(), 0U);
  host->start();
  ASSERT_TRUE(reaches("p-1", HostStage::kReady));
  const auto hosted = *host->find("p-1");
  EXPECT_EQ(hosted.url, "http://fake/1");
  EXPECT_THAT(hosted.headers, ElementsAre(testing::Pair("Authorization", "key 1")));
  EXPECT_NE(hosted.lease, nullptr);
  EXPECT_EQ(deployer.asked[0].adapter->gguf, "/a");
  EXPECT_EQ(deployer.asked[0].model.context_length, 512);
  EXPECT_EQ(deployer.asked[0].restarts, 0);
  EXPECT_TRUE(deployer.asked[0].answers_traffic);
  EXPECT_GE(changes, 1);
  EXPECT_THAT(metrics(), HasSubstr("flywheel_promotion_served{promotion=\"p-1\"} 1"));
}

TEST_F(ModelHostTest, ServesTheFilesThatWereCheckedWhereTheyLieNow) {
  moved_to = "/moved/a";
  host->start();
  host->set({proposal("p-1")});
  ASSERT_TRUE(reaches("p-1", HostStage::kReady));
  EXPECT_EQ(deployer.asked[0].adapter->gguf, "/moved/a");
}

TEST_F(ModelHostTest, WhatAnUpstreamServesIsNoneOfItsModels) {
  Proposal one = proposal("p-1");
  one.candidate.served.reset();
  host->start();
  host->set({one});
  EXPECT_FALSE(host->find("p-1"));
  EXPECT_EQ(deployer.deployments(), 0U);
}

TEST_F(ModelHostTest, AnEngineThatDiesIsStartedAgainAndIsNobodysTargetMeanwhile) {
  host->start();
  host->set({proposal("p-1")});
  ASSERT_TRUE(reaches("p-1", HostStage::kReady));
  deployer.is_slow = true;
  deployer.kill("1");
  ASSERT_TRUE(comes_true([&] { return host->find("p-1")->lease == nullptr; }));
  EXPECT_EQ(host->find("p-1")->url, "");
  deployer.is_slow = false;
  ASSERT_TRUE(reaches("p-1", HostStage::kReady));
  const auto hosted = *host->find("p-1");
  EXPECT_EQ(hosted.url, "http://fake/2");
  EXPECT_EQ(hosted.failures, 1U);
  EXPECT_EQ(hosted.why, "killed");
  EXPECT_EQ(deployer.alive(), std::set<std::string>{"2"});
}

TEST_F(ModelHostTest, AnEngineThatHangsIsKilledAndStartedAgainAndIsNobodysTargetMeanwhile) {
  host->start();
  host->set({proposal("p-1")});
  ASSERT_TRUE(reaches("p-1", HostStage::kReady));
  deployer.is_slow = true;
  deployer.hang("1");
  ASSERT_TRUE(comes_true([&] { return host->find("p-1")->lease == nullptr; }));
  EXPECT_TRUE(host->find("p-1")->headers.empty());
  EXPECT_TRUE(comes_true([&] { return deployer.alive().empty(); }));
  deployer.is_slow = false;
  ASSERT_TRUE(reaches("p-1", HostStage::kReady));
  const auto hosted = *host->find("p-1");
  EXPECT_THAT(hosted.headers, ElementsAre(testing::Pair("Authorization", "key 2")));
  EXPECT_EQ(hosted.failures, 1U);
  EXPECT_EQ(hosted.hangs, 1U);
  EXPECT_THAT(hosted.why, HasSubstr("runs and does not answer, 3 times in a row"));
  EXPECT_THAT(metrics(), HasSubstr("flywheel_promotion_engine_hangs_total{promotion=\"p-1\"} 1"));
}

TEST_F(ModelHostTest, AnEngineThatAnswersOneLookOfThreeIsNotHung) {
  host->start();
  host->set({proposal("p-1")});
  ASSERT_TRUE(reaches("p-1", HostStage::kReady));
  for (int i = 0; i < 5; ++i) {
    deployer.be_silent(2);
    ASSERT_TRUE(comes_true([&] { return deployer.looks_since() >= 4; }));
  }
  EXPECT_EQ(host->find("p-1")->failures, 0U);
  EXPECT_EQ(deployer.alive(), std::set<std::string>{"1"});
}

TEST_F(ModelHostTest, WhatDoesNotComeUpIsTriedAgain) {
  deployer.failures = {unavailable("no port"), failed_precondition("not installed"), unavailable("no port")};
  host->start();
  host->set({proposal("p-1")});
  ASSERT_TRUE(reaches("p-1", HostStage::kReady));
  EXPECT_EQ(host->find("p-1")->failures, 3U);
  EXPECT_EQ(refusals().size(), 0U);
}

TEST_F(ModelHostTest, OtherBytesThanThoseThatWereSignedAreRefusedAlsoAfterACrash) {
  host->start();
  host->set({proposal("p-1")});
  ASSERT_TRUE(reaches("p-1", HostStage::kReady));
  set_present(Digests{{"adapter", "XX"}, {"base", "bb"}});
  deployer.kill("1");
  ASSERT_TRUE(reaches("p-1", HostStage::kRefused));
  EXPECT_TRUE(comes_true([&] { return !refusals().empty(); }));
  EXPECT_THAT(refusals(), ElementsAre("p-1 changed: not what was signed any more: adapter"));
  EXPECT_EQ(deployer.deployments(), 1U);
  EXPECT_EQ(deployer.alive().size(), 0U);
}

TEST_F(ModelHostTest, GoneBytesAreRefusedAndAnErrorThatMayPassIsNot) {
  set_present(failed_precondition("what was evaluated is gone: /a"));
  host->start();
  host->set({proposal("p-1")});
  ASSERT_TRUE(comes_true([&] { return !refusals().empty(); }));
  EXPECT_THAT(refusals(), ElementsAre("p-1 gone: what was evaluated is gone: /a"));
  set_present(unavailable("the disk is away"));
  host->set({proposal("p-2")});
  ASSERT_TRUE(comes_true([&] { return host->find("p-2")->failures > 1; }));
  set_present(proposal("p-2").candidate.digests);
  EXPECT_TRUE(reaches("p-2", HostStage::kReady));
  EXPECT_EQ(refusals().size(), 1U);
}

TEST_F(ModelHostTest, WhatItsEnginesWroteIsReadOverTheirDeathsRedactedAndKeptWhenItIsServedNoMore) {
  host->start();
  EXPECT_FALSE(host->words("p-1"));
  host->set({proposal("p-1")});
  ASSERT_TRUE(reaches("p-1", HostStage::kReady));
  deployer.kill("1");
  ASSERT_TRUE(comes_true([&] { return deployer.deployments() == 2; }));
  ASSERT_TRUE(reaches("p-1", HostStage::kReady));
  const auto words = host->words("p-1");
  ASSERT_TRUE(words);
  EXPECT_TRUE(words->is_running);
  EXPECT_THAT(words->lines, ElementsAre("engine 1 of [email]", "engine 2 of [email]"));
  EXPECT_TRUE(kept_of("p-1").empty());
  host->set({});
  ASSERT_TRUE(comes_true([&] { return !host->words("p-1"); }));
  EXPECT_THAT(kept_of("p-1"), ElementsAre("engine 1 of [email]", "engine 2 of [email]"));
}

TEST_F(ModelHostTest, WhatAnEngineThatDoesNotComeUpWroteIsReadWhileItIsTriedAgain) {
  deployer.failures = {unavailable("exited")};
  host->start();
  host->set({proposal("p-1")});
  ASSERT_TRUE(reaches("p-1", HostStage::kReady));
  EXPECT_THAT(host->words("p-1")->lines, ElementsAre("engine 1 of [email]", "engine 2 of [email]"));
  run_blocking(host->stop());
  EXPECT_THAT(kept_of("p-1"), ElementsAre("engine 1 of [email]", "engine 2 of [email]"));
}

TEST_F(ModelHostTest, AnEngineEndsOnceNobodyHoldsItsLease) {
  host->start();
  host->set({proposal("p-1")});
  ASSERT_TRUE(reaches("p-1", HostStage::kReady));
  auto lease = host->find("p-1")->lease;  // of a request under way
  host->set({});
  EXPECT_FALSE(host->find("p-1"));
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(deployer.alive().size(), 1U);
  lease.reset();
  EXPECT_TRUE(comes_true([&] { return deployer.alive().empty(); }));
}

TEST_F(ModelHostTest, TheDrainAndTheServicesEndWaitForNoLease) {
  host = make({.drain = 50ms});
  host->start();
  host->set({proposal("p-1"), proposal("p-2")});
  ASSERT_TRUE(reaches("p-1", HostStage::kReady) && reaches("p-2", HostStage::kReady));
  const auto one = host->find("p-1")->lease, two = host->find("p-2")->lease;
  host->set({proposal("p-2")});
  EXPECT_TRUE(comes_true([&] { return deployer.alive().size() == 1; }));
  run_blocking(host->stop());
  EXPECT_EQ(deployer.alive().size(), 0U);
}

TEST_F(ModelHostTest, OneMoreThanMayBeWaitsForItsTurn) {
  host = make({.max_models = 1});
  host->start();
  EXPECT_TRUE(host->room_for_one_more().ok());
  host->set({proposal("p-1"), proposal("p-2")});
  ASSERT_TRUE(reaches("p-1", HostStage::kReady));
  EXPECT_EQ(host->find("p-2")->stage, HostStage::kWaiting);
  EXPECT_THAT(host->find("p-2")->why, HasSubstr("promotion.serving.max_models"));
  EXPECT_EQ(host->room_for_one_more().error().code, ErrorCode::kFailedPrecondition);
  host->set({proposal("p-2")});
  EXPECT_TRUE(reaches("p-2", HostStage::kReady));
}

TEST_F(ModelHostTest, WithoutMemoryItIsTriedAgainLater) {
  has_room = false;
  host->start();
  host->set({proposal("p-1")});
  ASSERT_TRUE(comes_true([&] { return host->find("p-1")->failures > 0; }));
  EXPECT_EQ(host->find("p-1")->why, "no memory");
  EXPECT_THAT(host->trouble(), AllOf(HasSubstr("promotion p-1 is not served"), HasSubstr("no memory")));
  EXPECT_EQ(deployer.deployments(), 0U);
  has_room = true;
  EXPECT_TRUE(reaches("p-1", HostStage::kReady));
  EXPECT_EQ(host->trouble(), "");
}

TEST_F(ModelHostTest, OneThatLeavesWhileItsEngineComesUpLeavesNothingBehind) {
  deployer.is_slow = true;
  host->start();
  host->set({proposal("p-1")});
  ASSERT_TRUE(reaches("p-1", HostStage::kStarting));
  host->set({});
  run_blocking(host->stop());
  EXPECT_EQ(deployer.alive().size(), 0U);
}

}  // namespace
}  // namespace fw::promotion

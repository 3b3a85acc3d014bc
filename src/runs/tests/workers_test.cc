// Several workers on one store: each runs what it has claimed, and all know of it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/thread_pool.hpp>

#include "async/task_group.h"
#include "runs/impl/job_journal.h"
#include "runs/tests/world.h"
#include "workflow/workflow.h"

namespace fw::runs {
namespace {

using ::testing::Each;
using testing::FakeDeployer;
using testing::FakeEmbedder;
using testing::FakeEvaluator;
using testing::FakeTrainer;
using ::testing::SizeIs;
using testing::World;

/// A worker: a service with engines of its own on the world's one store.
struct Worker {
  Worker(World& w, metastore::MetaStore& store, Executor executor, const std::string& name, int jobs_at_once)
      : world(w), service(dependencies(store, std::move(executor)), options(name, jobs_at_once)) {}

  RunDependencies dependencies(metastore::MetaStore& store, Executor executor) {
    return {std::move(executor), disk,     cpu,     world.clock, store,    world.log,
            world.datasets,      deployer, trainer, evaluator,   embedder, world.poster};
  }
  RunOptions options(const std::string& name, int jobs_at_once) const {
    RunOptions o{.folder = world.folder.path() / "jobs", .config = world.config};
    o.concurrent_jobs = jobs_at_once;
    o.worker = name;
    o.environment = [](const std::string&) { return std::optional<std::string>("secret"); };
    return o;
  }
  bool ends(const JobId& id, JobStatus status) const {
    const auto job = service.find(id);
    return job.ok() && job->status == status;
  }

  World& world;
  testing::Script script;
  std::vector<std::string> calls;
  Pool disk{"disk", 2};
  Pool cpu{"cpu", 1};
  FakeDeployer deployer{script};
  FakeTrainer trainer{script, calls};
  FakeEvaluator evaluator{script, calls};
  FakeEmbedder embedder;
  RunService service;
};

template <class Claim>
Task<bool> until(Claim claim) {
  for (int i = 0; i < 5000; ++i) {
    if (claim()) co_return true;
    static_cast<void>(co_await sleep_for(std::chrono::milliseconds(1), Deadline::never()));
  }
  co_return false;
}

class WorkersTest : public ::testing::Test {
 protected:
  /// Two workers live through the scenario; the store outlives them.
  template <class Scenario>
  void live(Scenario scenario) {
    const auto body = [&]() -> Task<void> {
      const auto executor = co_await boost::asio::this_coro::executor;
      Worker one(world_, *store_, executor, "one", jobs_at_once_);
      Worker two(world_, *store_, executor, "two", jobs_at_once_);
      one.script = two.script = script_;
      EXPECT_TRUE((co_await one.service.start()).ok());
      EXPECT_TRUE((co_await two.service.start()).ok());
      co_await scenario(one, two);
      co_await one.service.stop();
      co_await two.service.stop();
    };
    run_blocking(body());
  }
  static Task<JobId> create(Worker& worker) {
    co_return (co_await worker.service.create({record::WorkloadId("router"), record::ClientId("demo"), std::nullopt}))
        ->id;
  }

  World world_;
  testing::Script script_;
  int jobs_at_once_ = 1;
  std::unique_ptr<metastore::SqliteStore> store_ = std::move(metastore::SqliteStore::open(world_.database)).value();
};

TEST_F(WorkersTest, EachJobIsRunByOneWorkerAndBothKnowHowItEnded) {
  live([&](Worker& one, Worker& two) -> Task<void> {
    std::vector<JobId> ids;
    for (int i = 0; i < 4; ++i) ids.push_back(co_await create(i % 2 == 0 ? one : two));
    for (const auto& id : ids) {
      EXPECT_TRUE(co_await until([&] { return one.ends(id, JobStatus::kCompleted); })) << *id;
      EXPECT_TRUE(co_await until([&] { return two.ends(id, JobStatus::kCompleted); })) << *id;
    }
    EXPECT_THAT(one.calls.size() + two.calls.size(), 24U);  // six each: none was begun twice
    EXPECT_GT(one.calls.size(), 0U);
    EXPECT_GT(two.calls.size(), 0U);
  });
}

TEST_F(WorkersTest, ACancelReachesTheWorkerThatRunsTheJobAndProgressTheOneThatDoesNot) {
  script_.stalls_at = "train big";
  live([&](Worker& one, Worker& two) -> Task<void> {
    const auto id = co_await create(one);
    EXPECT_TRUE(co_await until([&] { return two.service.find(id).ok(); }));
    Worker& other = [&]() -> Worker& { return one.script.reached.empty() ? one : two; }();
    auto stream = other.service.subscribe(id, 0);
    EXPECT_TRUE(co_await until([&] { return !one.script.reached.empty() || !two.script.reached.empty(); }));
    Worker& idle = one.script.reached.empty() ? one : two;
    EXPECT_TRUE((co_await idle.service.cancel(id)).ok());
    EXPECT_TRUE(co_await until([&] { return one.ends(id, JobStatus::kCancelled); }));
    EXPECT_TRUE(co_await until([&] { return two.ends(id, JobStatus::kCancelled); }));
    std::size_t progress = 0;
    for (;;) {
      const auto event = co_await stream->next(Deadline::after(std::chrono::seconds(5)));
      if (!event.ok() || !*event) break;
      if ((*event)->kind == "progress") ++progress;
    }
    EXPECT_GT(progress, 0U);
  });
}

TEST_F(WorkersTest, AWorkerWhoseLeaseIsAnothersLeavesTheJobWhereItStands) {
  script_.stalls_at = "base-eval big";
  live([&](Worker& one, Worker& two) -> Task<void> {
    const auto id = co_await create(one);
    EXPECT_TRUE(co_await until([&] { return !one.script.reached.empty() || !two.script.reached.empty(); }));
    Worker& slow = one.script.reached.empty() ? two : one;
    Worker& quick = one.script.reached.empty() ? one : two;
    quick.script.stalls_at.clear();
    world_.clock.advance(std::chrono::minutes(1));  // the slow one has not renewed
    EXPECT_TRUE((co_await create(quick)) != id);    // word of work
    EXPECT_TRUE(co_await until([&] { return quick.ends(id, JobStatus::kCompleted); }));
    EXPECT_TRUE(co_await until([&] { return slow.ends(id, JobStatus::kCompleted); }));
    EXPECT_THAT(slow.calls, Each("base-eval big")) << "went on after its lease was lost";
  });
}

TEST_F(WorkersTest, ARunWhoseLeaseRanOutUnnoticedGoesOnUnderTheNextAndStillHearsOfACancel) {
  script_.stalls_at = "base-eval big";
  jobs_at_once_ = 2;
  live([&](Worker& one, Worker& two) -> Task<void> {
    co_await two.service.stop();
    const auto id = co_await create(one);
    EXPECT_TRUE(co_await until([&] { return !one.script.reached.empty(); }));
    world_.clock.advance(std::chrono::minutes(1));
    const auto next = co_await create(one);  // who looks for it finds the first one free
    EXPECT_TRUE(co_await until([&] { return one.calls.size() == 2; }));
    EXPECT_TRUE((co_await one.service.cancel(id)).ok());
    EXPECT_TRUE(co_await until([&] { return one.ends(id, JobStatus::kCancelled); }));
    EXPECT_TRUE(one.ends(next, JobStatus::kRunning));
    EXPECT_THAT(one.calls, SizeIs(2)) << "the first one was begun twice";
  });
}

TEST_F(WorkersTest, WhatAStoppedWorkerLeavesGoesOnAtOnceInAnother) {
  script_.stalls_at = "base-eval big";
  live([&](Worker& one, Worker& two) -> Task<void> {
    const auto id = co_await create(one);
    EXPECT_TRUE(co_await until([&] { return !one.script.reached.empty() || !two.script.reached.empty(); }));
    Worker& leaver = one.script.reached.empty() ? two : one;
    Worker& stayer = one.script.reached.empty() ? one : two;
    stayer.script.stalls_at.clear();
    co_await leaver.service.stop();
    EXPECT_TRUE(co_await until([&] { return stayer.ends(id, JobStatus::kCompleted); }));
  });
}

TEST_F(WorkersTest, WebhooksAreSentByOneWorker) {
  world_.config.webhooks = {{"http://app/hook", "HOOK_KEY", 5}};
  live([&](Worker& one, Worker& two) -> Task<void> {
    const auto id = co_await create(one);
    EXPECT_TRUE(co_await until([&] { return two.ends(id, JobStatus::kCompleted); }));
    EXPECT_TRUE(co_await until([&] { return store_->pending_deliveries()->empty(); }));
  });
  EXPECT_THAT(world_.poster.requests, SizeIs(1));
}

TEST_F(WorkersTest, StagesThatEndAtOnceAreAppliedInTheStoresOrder) {
  Pool disk("disk", 4);
  const auto events = [&](std::int64_t) { return std::vector<metastore::NewEvent>{}; };
  ASSERT_TRUE(store_->create_job({.id = "a", .config = "{}"}, 1, events).ok());
  const auto record = std::make_shared<JobRecord>(JobId("a"), world_.config, *store_, disk, world_.clock,
                                                  world_.folder.path() / "jobs");
  record->hold(store_->claim("a", "one", world_.clock.now(), world_.clock.now() + std::chrono::seconds(30)).value());
  const auto body = [&]() -> Task<void> {
    JobJournal journal(record);
    workflow::Workflow steps(journal);
    EXPECT_TRUE((co_await steps.load()).ok());
    const std::function<Task<void>(std::size_t)> stage = [&](std::size_t i) -> Task<void> {
      co_await record->append({record->event(StageStarted{StageKind::kJudge, i})});
      const workflow::StepWork work = []() -> Task<Result<std::string>> { co_return std::string("{}"); };
      EXPECT_TRUE((co_await steps.run_step(step_key(StageKind::kJudge, i), work, {}, Deadline::never())).ok());
    };
    co_await for_each_bounded(20, 8, Deadline::never(), stage);
  };
  run_blocking(body());
  EXPECT_EQ(record->last_event(), 40);
  EXPECT_THAT(*store_->events("a", 0, 100), SizeIs(40));
  EXPECT_THAT(*store_->steps("a"), SizeIs(20));
}

}  // namespace
}  // namespace fw::runs

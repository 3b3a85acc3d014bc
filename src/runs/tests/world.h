#pragma once

#include <gtest/gtest.h>

#include <boost/asio/this_coro.hpp>

#include "async/run_blocking.h"
#include "metastore/sqlite_store.h"
#include "runs/run_service.h"
#include "runs/tests/fakes.h"

namespace fw::runs::testing {

/// What outlives a service: files, traffic, receivers of webhooks. Two candidates, `big` (tuned) and `small`, and sixty
/// tool-calling records of workload `router`.
class World {
 public:
  World() {
    for (int i = 0; i < 60; ++i) log.records.push_back(record(i));
    config.candidates = {candidate("big", true), candidate("small", false)};
    config.candidates[0].model.price = modelops::Price{1.0, 2.0};
    config.candidates[1].model.price = modelops::Price{0.5, 1.0};
    config.production = {"prod", modelops::Price{10, 20}};
    config.split.eval_size = 20;
    config.split.min_total_records = 20;
    config.split.random_seed = 7;
  }

  static Candidate candidate(const std::string& name, bool is_tuned) {
    Candidate one;
    one.model.name = name;
    one.model.path = "/models/" + name + ".gguf";
    one.customization_enabled = is_tuned;
    return one;
  }

  static record::Interaction record(int i) {
    const std::string tool = i % 3 == 0 ? "get_order" : "get_refund";
    const nlohmann::json call = {{"id", "c"},
                                 {"type", "function"},
                                 {"function", {{"name", tool}, {"arguments", R"({"id":)" + std::to_string(i) + "}"}}}};
    const nlohmann::json parameters = {{"type", "object"}, {"properties", {{"id", {{"type", "integer"}}}}}};
    const nlohmann::json request = {
        {"model", "prod"},
        {"messages", {{{"role", "user"}, {"content", "question number " + std::to_string(i)}}}},
        {"tools", {{{"type", "function"}, {"function", {{"name", tool}, {"parameters", parameters}}}}}}};
    const nlohmann::json message = {{"role", "assistant"}, {"content", nullptr}, {"tool_calls", {call}}};
    const nlohmann::json response = {{"choices", {{{"message", message}}}},
                                     {"usage", {{"prompt_tokens", 200}, {"completion_tokens", 20}}}};
    return {record::RecordId("r" + std::to_string(i)),
            record::WorkloadId("router"),
            record::ClientId("demo"),
            from_epoch_seconds(1000 + i),
            request.dump(),
            response.dump()};
  }

  /// The data folder goes elsewhere, between two lives.
  void move_to(const std::filesystem::path& place) {
    std::filesystem::rename(data, place);
    data = place;
    database = data / "flywheel.db";
    datasets = FakeDatasetStore(data / "datasets");
  }

  io::TemporaryFolder folder;
  std::filesystem::path data = folder.path();
  std::filesystem::path database = folder.path() / "flywheel.db";
  FakeLogStore log;
  FakeDatasetStore datasets{folder.path() / "datasets"};
  FakePoster poster;
  Script script;
  RunConfig config;
  ManualClock clock{from_epoch_seconds(1'700'000'000)};
  std::map<std::string, std::string> environment{{"HOOK_KEY", "secret"}};
  std::vector<dataset::Correction> corrections;
  std::function<std::string(std::string)> redact;  ///< lines of engines
  int steps_trained = 0;                           ///< over all lives
  int store_attempts = 1;                          ///< to make the datasets
};

/// One life of the service in a world: from its start to its end or death.
class Life {
 public:
  Life(World& w, Executor executor, int crash_at = 1'000'000, bool is_durable = true)
      : world(w),
        sqlite(std::move(metastore::SqliteStore::open(w.database)).value()),
        store(*sqlite, crash_at, is_durable),
        service(dependencies(std::move(executor)), options()) {}
  ~Life() { world.steps_trained += trainer.steps_run; }

  Task<Result<Job>> create() {
    co_return co_await service.create({record::WorkloadId("router"), record::ClientId("demo"), std::nullopt});
  }

  /// Reads the job's stream to its end; the kinds and data of all events.
  Task<std::vector<StreamEvent>> watch(JobId id, std::int64_t after = 0) {
    std::vector<StreamEvent> events;
    auto stream = service.subscribe(id, after);
    if (!stream.ok()) co_return events;
    for (;;) {
      auto event = co_await stream->next(Deadline::after(std::chrono::seconds(20)));
      if (!event.ok() || !*event) {
        if (!event.ok() && !store.has_crashed()) ADD_FAILURE() << event.error();
        co_return events;
      }
      events.push_back(**event);
    }
  }

  Task<Job> finish(JobId id) {
    static_cast<void>(co_await watch(id));
    co_return service.find(id).value();
  }

  /// The jobs that are on disk.
  std::vector<metastore::JobRow> stored() {
    return sqlite->jobs(metastore::JobStatusFilter::kAll, 0, 1000).value().jobs;
  }

  /// Lets others run until the claim holds.
  template <class Claim>
  Task<bool> until(Claim claim) {
    for (int i = 0; i < 5000; ++i) {
      if (claim()) co_return true;
      static_cast<void>(co_await sleep_for(std::chrono::milliseconds(1), Deadline::never()));
    }
    co_return false;
  }

  World& world;
  std::vector<std::string> calls;
  Pool disk{"disk", 2};
  Pool cpu{"cpu", 1};
  std::unique_ptr<metastore::SqliteStore> sqlite;
  CrashingStore store;
  FakeDeployer deployer{world.script};
  FakeTrainer trainer{world.script, calls};
  FakeEvaluator evaluator{world.script, calls};
  FakeEmbedder embedder;
  RunService service;

 private:
  RunDependencies dependencies(Executor executor) {
    return {std::move(executor), disk,     cpu,     world.clock, store,    world.log,
            world.datasets,      deployer, trainer, evaluator,   embedder, world.poster};
  }
  RunOptions options() {
    RunOptions o{.folder = world.data / "jobs", .config = world.config};
    o.judge_retry.first_pause = Duration(1);
    o.store_retry.max_attempts = world.store_attempts;
    o.store_retry.first_pause = std::chrono::milliseconds(1);
    o.webhook_retry.first_pause = Duration(1);
    o.give_up_retry.first_pause = std::chrono::milliseconds(1);
    o.corrections = [this](const auto&, const auto&) { return world.corrections; };
    o.redact = world.redact;
    o.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = world.environment.find(name);
      return found == world.environment.end() ? std::nullopt : std::optional(found->second);
    };
    return o;
  }
};

/// Runs a scenario in one life of the service, started and stopped around it.
template <class Scenario>
void live(World& world, Scenario scenario, int crash_at = 1'000'000, bool is_durable = true) {
  const auto body = [&]() -> Task<void> {
    Life life(world, co_await boost::asio::this_coro::executor, crash_at, is_durable);
    const auto started = co_await life.service.start();
    EXPECT_TRUE(started.ok() || life.store.has_crashed()) << started.error();
    co_await scenario(life);
    co_await life.service.stop();
    EXPECT_TRUE(life.deployer.live.empty()) << "a deployment outlived its service";
  };
  run_blocking(body());
}

}  // namespace fw::runs::testing

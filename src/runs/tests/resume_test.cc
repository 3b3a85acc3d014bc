#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "runs/tests/world.h"

namespace fw::runs {
namespace {

using testing::Life;
using testing::live;
using testing::World;

/// What must not depend on how often the service died: the report without times, the job's id and its folder.
std::string essence(const World& world, const Job& job, const std::string& report) {
  auto read = nlohmann::ordered_json::parse(report);
  for (const auto* time : {"created_at", "started_at", "finished_at", "runtime_seconds"}) read["job"].erase(time);
  for (auto& candidate : read["candidates"]) {
    candidate.erase("runtime_seconds");
    for (auto& evaluation : candidate["evaluations"]) {
      for (const auto* time : {"started_at", "finished_at", "runtime_seconds"}) evaluation.erase(time);
    }
    if (candidate["customization"].is_object()) candidate["customization"].erase("runtime_seconds");
  }
  std::string text = read.dump(1);
  text = std::regex_replace(text, std::regex(world.data.string()), "FOLDER");
  return std::regex_replace(text, std::regex(job.id->substr(0, 8) + "[0-9a-f]*"), "ID");
}

/// The job of a world, finished in a life of its own if it is not yet, created if the store has none.
std::pair<Job, std::string> outcome_of(World& world) {
  std::pair<Job, std::string> outcome;
  live(world, [&](Life& life) -> Task<void> {
    auto jobs = life.service.list();
    EXPECT_LE(jobs.size(), 1U);
    const JobId id = jobs.empty() ? (co_await life.create())->id : jobs.front().id;
    outcome.first = co_await life.finish(id);
    auto report = co_await life.service.report(id);
    EXPECT_TRUE(report.ok()) << report.error();
    outcome.second = essence(world, outcome.first, report.ok() ? *report : "{}");
    // The webhook's delivery is the last write.
    EXPECT_TRUE(co_await life.until([&] { return life.store.pending_deliveries()->empty(); }));
  });
  return outcome;
}

void add_webhook(World& world) { world.config.webhooks = {{"http://app/hook", "HOOK_KEY", 5}}; }

std::string undisturbed() {
  World world;
  add_webhook(world);
  return outcome_of(world).second;
}

/// Lets the process die at its n-th write, then goes on in a new one. False when there was no n-th write.
bool dies_and_goes_on(int crash_at, bool is_durable, const std::string& expected) {
  World world;
  add_webhook(world);
  bool has_crashed = false;
  live(
      world,
      [&](Life& life) -> Task<void> {
        if (auto created = co_await life.create(); created.ok()) {
          static_cast<void>(co_await life.watch(created->id));
          co_await life.until([&] {
            return life.store.has_crashed() ||
                   (!world.poster.requests.empty() && life.store.pending_deliveries()->empty());
          });
        }
        has_crashed = life.store.has_crashed();
      },
      crash_at, is_durable);
  if (!has_crashed) return false;
  const auto [job, report] = outcome_of(world);
  EXPECT_EQ(job.status, JobStatus::kCompleted) << "write " << crash_at;
  EXPECT_EQ(report, expected) << "write " << crash_at;
  EXPECT_LE(world.steps_trained, 20) << "write " << crash_at;
  EXPECT_GE(world.poster.requests.size(), 1U) << "write " << crash_at;
  EXPECT_LE(world.poster.requests.size(), 2U) << "write " << crash_at;
  return true;
}

TEST(Resume, DyingBeforeAnyWriteIsDurableChangesNothing) {
  const std::string expected = undisturbed();
  int writes = 1;
  while (dies_and_goes_on(writes, false, expected)) ++writes;
  EXPECT_GT(writes, 30);
}

TEST(Resume, DyingAfterAnyWriteIsDurableChangesNothing) {
  const std::string expected = undisturbed();
  int writes = 1;
  while (dies_and_goes_on(writes, true, expected)) ++writes;
  EXPECT_GT(writes, 30);
}

class StopTest : public ::testing::TestWithParam<std::string> {};

TEST_P(StopTest, AStopInTheMiddleOfAStageChangesNothing) {
  const std::string expected = undisturbed();
  World world;
  add_webhook(world);
  world.script.stalls_at = GetParam();
  live(world, [&](Life& life) -> Task<void> {
    EXPECT_TRUE((co_await life.create()).ok());
    EXPECT_TRUE(co_await life.until([&] { return world.script.reached == GetParam(); }));
  });
  world.script.stalls_at.clear();
  const auto [job, report] = outcome_of(world);
  EXPECT_EQ(job.status, JobStatus::kCompleted);
  EXPECT_EQ(report, expected);
  EXPECT_EQ(world.steps_trained, 10) << "training did not go on from its checkpoint";
}

INSTANTIATE_TEST_SUITE_P(EveryStage, StopTest,
                         ::testing::Values("deploy big", "base-eval big", "icl-eval big", "train big",
                                           "deploy-tuned big", "customized-eval big", "deploy small", "icl-eval small"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace_if(name, [](char c) { return c == ' ' || c == '-'; }, '_');
                           return name;
                         });

TEST(Resume, AFinishedStageIsNotRunAgain) {
  World world;
  world.script.stalls_at = "train big";
  live(world, [&](Life& life) -> Task<void> {
    EXPECT_TRUE((co_await life.create()).ok());
    EXPECT_TRUE(co_await life.until([&] { return !world.script.reached.empty(); }));
  });
  world.script.stalls_at.clear();
  live(world, [&](Life& life) -> Task<void> {
    co_await life.finish(life.service.list().front().id);
    EXPECT_EQ(life.calls.front(), "train big");
    EXPECT_EQ(life.deployer.calls.front(), "deploy-tuned big");
  });
}

/// Where the files of a finished job lie.
std::vector<std::string> files_of(const Job& job) {
  std::vector<std::string> out;
  for (const auto& dataset : job.datasets) out.push_back(dataset.uri);
  for (const auto& candidate : job.candidates) {
    for (const auto& evaluation : candidate.evaluations) out.push_back(evaluation.results_uri);
    for (const auto& training : candidate.customizations) out.push_back(training.adapter_uri);
  }
  return out;
}

TEST(Resume, AFinishedJobOfADataFolderThatWasMovedHasItsFilesAtTheNewPlace) {
  World world;
  world.config.candidates[0].model.path = world.data / "own models/big.gguf";
  std::string before;
  live(world, [&](Life& life) -> Task<void> {
    const auto job = co_await life.finish((co_await life.create())->id);
    before = (co_await life.service.report(job.id)).value_or("");
  });
  const std::string old = world.data.string();
  const io::TemporaryFolder elsewhere;
  world.move_to(elsewhere.path() / "moved");
  live(world, [&](Life& life) -> Task<void> {
    const Job job = life.service.list().front();
    EXPECT_EQ(job.status, JobStatus::kCompleted);
    EXPECT_EQ(files_of(job).size(), 9U);
    for (const auto& file : files_of(job)) {
      EXPECT_TRUE(file.starts_with("file://" + world.data.string())) << file;
      EXPECT_TRUE(std::filesystem::exists(file.substr(7))) << file;
    }
    EXPECT_EQ((co_await life.service.signed_report(job.id)).value().as_written, before) << "its bytes are signed";
    const std::string report = (co_await life.service.report(job.id)).value_or("");
    EXPECT_EQ(report, std::regex_replace(before, std::regex(old), world.data.string()));
    EXPECT_THAT(report, ::testing::HasSubstr("'" + world.data.string() + "/own models/big.gguf'"));
  });
}

TEST(Resume, AJobGoesOnInADataFolderThatWasMovedMeanwhile) {
  const std::string expected = undisturbed();
  World world;
  add_webhook(world);
  world.script.stalls_at = "customized-eval big";
  live(world, [&](Life& life) -> Task<void> {
    EXPECT_TRUE((co_await life.create()).ok());
    EXPECT_TRUE(co_await life.until([&] { return !world.script.reached.empty(); }));
  });
  world.script.stalls_at.clear();
  const std::string old = world.data.string();
  const io::TemporaryFolder elsewhere;
  world.move_to(elsewhere.path() / "moved");
  const auto [job, report] = outcome_of(world);
  EXPECT_EQ(job.status, JobStatus::kCompleted);
  EXPECT_EQ(report, expected);
  EXPECT_EQ(world.steps_trained, 10) << "it was trained anew";
  for (const auto& file : files_of(job)) EXPECT_FALSE(file.starts_with("file://" + old)) << file;
}

TEST(Resume, ACopyOfADataFolderUsesItsOwnFiles) {
  World world;
  live(world, [&](Life& life) -> Task<void> { co_await life.finish((co_await life.create())->id); });
  const std::string original = world.data.string();
  const io::TemporaryFolder elsewhere;
  world.move_to(elsewhere.path() / "copy");
  std::filesystem::copy(world.data, original, std::filesystem::copy_options::recursive);
  live(world, [&](Life& life) -> Task<void> {
    for (const auto& file : files_of(life.service.list().front()))
      EXPECT_TRUE(file.starts_with("file://" + world.data.string())) << file;
    co_return;
  });
}

TEST(Resume, AFailedStageStaysFailed) {
  World world;
  world.script.fails = {"base-eval big"};
  world.script.stalls_at = "train big";
  live(world, [&](Life& life) -> Task<void> {
    EXPECT_TRUE((co_await life.create()).ok());
    EXPECT_TRUE(co_await life.until([&] { return !world.script.reached.empty(); }));
  });
  world.script = {};
  const auto job = outcome_of(world).first;
  EXPECT_EQ(job.candidates[0].status, CandidateStatus::kFailed);
  EXPECT_TRUE(job.candidates[0].evaluations[0].error);
}

TEST(Resume, ACancelSurvivesADeath) {
  // Before the stall there are nine writes, the tenth is the cancel's mark: the process dies just before, at and after
  // it.
  for (const int crash_at : {9, 10, 11}) {
    SCOPED_TRACE(crash_at);
    World other;
    other.script.stalls_at = "base-eval big";
    JobId id;
    bool is_asked = false;
    live(
        other,
        [&](Life& life) -> Task<void> {
          auto created = co_await life.create();
          id = created->id;
          co_await life.until([&] { return life.store.has_crashed() || !other.script.reached.empty(); });
          is_asked = (co_await life.service.cancel(id)).ok();
          co_await life.until([&] { return life.store.has_crashed() || is_finished(life.service.find(id)->status); });
        },
        crash_at, true);
    other.script.stalls_at.clear();
    live(other, [&](Life& life) -> Task<void> {
      const auto job = co_await life.finish(id);
      EXPECT_EQ(job.status == JobStatus::kCancelled, life.stored().front().cancel_requested);
      if (is_asked) EXPECT_EQ(job.status, JobStatus::kCancelled);
    });
  }
}

TEST(Resume, ADeletionThatDiedIsTakenUpAgain) {
  World world;
  const auto job = outcome_of(world).first;
  // The first write of the second life is the mark; the process dies with it.
  live(world, [&](Life& life) -> Task<void> { EXPECT_FALSE((co_await life.service.remove(job.id)).ok()); }, 1, true);
  live(world, [&](Life& life) -> Task<void> {
    EXPECT_TRUE(life.service.list().empty());
    EXPECT_TRUE(co_await life.until([&] { return life.stored().empty(); }));
    EXPECT_EQ(world.datasets.count(), 0U);
  });
}

TEST(Resume, DatasetsThatKillTheServiceAreNotBegunForEver) {
  for (const std::string deaths : {"2", "3"}) {
    World world;
    world.script.stalls_at = "base-eval big";
    JobId waiting;
    live(world, [&](Life& life) -> Task<void> {
      EXPECT_TRUE((co_await life.create()).ok());
      waiting = (co_await life.create())->id;
    });
    // What a service leaves that was killed while it made the datasets.
    const auto folder = world.folder.path() / "jobs" / *waiting;
    EXPECT_TRUE(io::create_folders(folder).ok());
    EXPECT_TRUE(io::write_file_atomically(folder / "begun.txt", deaths + "\n").ok());
    world.script.stalls_at.clear();
    live(world, [&](Life& life) -> Task<void> {
      const auto job = co_await life.finish(waiting);
      EXPECT_EQ(job.status, deaths == "2" ? JobStatus::kCompleted : JobStatus::kFailed);
      if (deaths == "3") EXPECT_THAT(*job.error, ::testing::HasSubstr("the service died 3 times while they were made"));
      EXPECT_EQ(std::filesystem::exists(folder / "begun.txt"), deaths == "3");
    });
  }
}

TEST(Resume, QueuedJobsGoOnInTheirOrder) {
  World world;
  world.script.stalls_at = "base-eval big";
  std::vector<JobId> ids;
  live(world, [&](Life& life) -> Task<void> {
    for (int i = 0; i < 3; ++i) {
      ids.push_back((co_await life.create())->id);
      world.clock.advance(std::chrono::seconds(1));
    }
  });
  world.script.stalls_at.clear();
  live(world, [&](Life& life) -> Task<void> {
    for (const auto& id : ids) EXPECT_EQ((co_await life.finish(id)).status, JobStatus::kCompleted);
    const std::vector<JobId> newest_first(ids.rbegin(), ids.rend());
    std::vector<JobId> by_end;
    for (const auto& job : life.service.list()) by_end.push_back(job.id);
    EXPECT_EQ(by_end, newest_first);
    EXPECT_EQ(life.calls.size(), 18U);  // six each: none was begun twice
  });
}

}  // namespace
}  // namespace fw::runs
